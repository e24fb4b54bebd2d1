// The function app and its store, in one resource group.

param name string
param location string
param subscriptions array
param clientId string
@secure()
param clientSecret string
@secure()
param cookieKey string
@secure()
param databasePassword string
param audience string
param deploymentName string
param publicUrl string
param contact string
param organisationRanges array
param planSize string
param databaseSize string
param instances int
param alertAddress string

var clouds = {
  AzureCloud: { postern: 'public', sites: 'azurewebsites.net', postgres: 'postgres.database.azure.com' }
  AzureUSGovernment: { postern: 'us_gov', sites: 'azurewebsites.us', postgres: 'postgres.database.usgovcloudapi.net' }
  AzureChinaCloud: { postern: 'china', sites: 'chinacloudsites.cn', postgres: 'postgres.database.chinacloudapi.cn' }
}
var cloud = clouds[environment().name]
var url = empty(publicUrl) ? 'https://${name}.${cloud.sites}' : publicUrl
// Names that the whole of Azure shares.
var unique = uniqueString(subscription().subscriptionId, resourceGroup().id)
var burstable = startsWith(databaseSize, 'Standard_B')

// ---- Who Postern is ----

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
}

var builtInRoles = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
}

// ---- The network ----

resource appRules 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: '${name}-app'
  location: location
}

resource databaseRules 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: '${name}-database'
  location: location
  properties: {
    securityRules: [
      {
        name: 'functions'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: '10.83.0.0/24'
          sourcePortRange: '*'
          destinationAddressPrefix: '10.83.1.0/24'
          destinationPortRange: '5432'
        }
      }
      {
        // A standby and its primary are both here.
        name: 'replication'
        properties: {
          priority: 110
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: '10.83.1.0/24'
          sourcePortRange: '*'
          destinationAddressPrefix: '10.83.1.0/24'
          destinationPortRange: '5432'
        }
      }
      {
        name: 'nobody-else'
        properties: {
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: 'VirtualNetwork'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: name
  location: location
  properties: {
    addressSpace: { addressPrefixes: ['10.83.0.0/16'] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: '10.83.0.0/24'
          networkSecurityGroup: { id: appRules.id }
          delegations: [{ name: 'functions', properties: { serviceName: 'Microsoft.Web/serverFarms' } }]
          serviceEndpoints: [{ service: 'Microsoft.Storage' }, { service: 'Microsoft.KeyVault' }]
        }
      }
      {
        name: 'database'
        properties: {
          addressPrefix: '10.83.1.0/24'
          networkSecurityGroup: { id: databaseRules.id }
          delegations: [{ name: 'database', properties: { serviceName: 'Microsoft.DBforPostgreSQL/flexibleServers' } }]
        }
      }
    ]
  }

  resource app 'subnets' existing = {
    name: 'app'
  }

  resource database 'subnets' existing = {
    name: 'database'
  }
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: '${name}.private.${cloud.postgres}'
  location: 'global'
}

resource zoneLink 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  parent: zone
  name: name
  location: 'global'
  properties: {
    registrationEnabled: false
    virtualNetwork: { id: network.id }
  }
}

// ---- The store ----

resource database 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' = {
  // checkov:skip=CKV_AZURE_136: not offered in every region; what is open stands in the NSGs, too
  name: '${name}-${unique}'
  location: location
  sku: {
    name: databaseSize
    tier: burstable ? 'Burstable' : 'GeneralPurpose'
  }
  properties: {
    version: '16'
    administratorLogin: 'postern'
    administratorLoginPassword: databasePassword
    storage: { storageSizeGB: 32, autoGrow: 'Enabled' }
    backup: { backupRetentionDays: 14, geoRedundantBackup: 'Disabled' }
    highAvailability: { mode: burstable ? 'Disabled' : 'ZoneRedundant' }
    network: {
      delegatedSubnetResourceId: network::database.id
      privateDnsZoneArmResourceId: zone.id
    }
  }
  dependsOn: [zoneLink]

  resource postern 'databases' = {
    name: 'postern'
    properties: {
      charset: 'UTF8'
    }
  }
}

// ---- Secrets ----

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  // checkov:skip=CKV_AZURE_189: its firewall lets in the functions alone
  name: 'kv-${unique}'
  location: location
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
    softDeleteRetentionInDays: 90
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Deny'
      virtualNetworkRules: [{ id: network::app.id }]
    }
  }
}

resource clientSecretOfApp 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  // checkov:skip=CKV_AZURE_41: one that expires here would stop Postern from closing
  parent: vault
  name: 'client-secret'
  properties: {
    contentType: 'the client secret of the application in Entra ID'
    value: clientSecret
  }
}

resource cookieKeyOfApp 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  // checkov:skip=CKV_AZURE_41: one that expires here would stop Postern from closing
  parent: vault
  name: 'cookie-key'
  properties: {
    contentType: '64 bytes in base64'
    value: cookieKey
  }
}

resource databaseOfApp 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  // checkov:skip=CKV_AZURE_41: one that expires here would stop Postern from closing
  parent: vault
  name: 'database'
  properties: {
    contentType: 'the store, as a URL'
    value: 'postgres://postern:${uriComponent(databasePassword)}@${database.properties.fullyQualifiedDomainName}:5432/postern'
  }
}

resource readSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, identity.id, builtInRoles.keyVaultSecretsUser)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtInRoles.keyVaultSecretsUser)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

// ---- The functions ----

// Where the host of the functions keeps who runs the timer.
resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  // checkov:skip=CKV_AZURE_206: it holds nothing that outlives a minute
  // checkov:skip=CKV_AZURE_43: the name is letters and digits, by uniqueString
  name: 'st${unique}'
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Deny'
      virtualNetworkRules: [{ id: network::app.id, action: 'Allow' }]
    }
  }
}

resource ownTimers 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: storage
  name: guid(storage.id, identity.id, builtInRoles.storageBlobDataOwner)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtInRoles.storageBlobDataOwner)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: name
  location: location
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 90
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: name
  location: location
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: logs.id
  }
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  // checkov:skip=CKV_AZURE_225: the small sizes know no zones
  // checkov:skip=CKV_AZURE_212: the parameter instances says how many
  name: name
  location: location
  kind: 'linux'
  sku: { name: planSize, capacity: instances }
  properties: {
    reserved: true
  }
}

resource functions 'Microsoft.Web/sites@2024-04-01' = {
  // checkov:skip=CKV_AZURE_222: people come to it from anywhere
  // checkov:skip=CKV_AZURE_17: people sign in with Entra ID, not with certificates
  // checkov:skip=CKV_AZURE_212: the parameter instances says how many
  name: name
  location: location
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: network::app.id
    keyVaultReferenceIdentity: identity.id
    clientAffinityEnabled: false
    siteConfig: {
      alwaysOn: true
      vnetRouteAllEnabled: true
      ftpsState: 'Disabled'
      healthCheckPath: '/healthz'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      appSettings: [
        { name: 'FUNCTIONS_EXTENSION_VERSION', value: '~4' }
        { name: 'FUNCTIONS_WORKER_RUNTIME', value: 'custom' }
        { name: 'WEBSITE_RUN_FROM_PACKAGE', value: '1' }
        // Azure's own page would stand at /.
        { name: 'AzureWebJobsDisableHomepage', value: 'true' }
        { name: 'AzureWebJobsStorage__accountName', value: storage.name }
        { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
        { name: 'AzureWebJobsStorage__clientId', value: identity.properties.clientId }
        { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: insights.properties.ConnectionString }
        { name: 'POSTERN_PUBLIC_URL', value: url }
        { name: 'POSTERN_CLOUD', value: cloud.postern }
        { name: 'POSTERN_TENANT', value: tenant().tenantId }
        { name: 'POSTERN_CLIENT_ID', value: clientId }
        { name: 'POSTERN_CLIENT_SECRET', value: '@Microsoft.KeyVault(SecretUri=${clientSecretOfApp.properties.secretUriWithVersion})' }
        { name: 'POSTERN_AUDIENCE', value: audience }
        { name: 'POSTERN_CREDENTIAL', value: 'managed_identity' }
        { name: 'POSTERN_AZURE_CLIENT_ID', value: identity.properties.clientId }
        { name: 'POSTERN_SUBSCRIPTIONS', value: join(subscriptions, ',') }
        { name: 'POSTERN_DEPLOYMENT', value: deploymentName }
        { name: 'POSTERN_DATABASE', value: '@Microsoft.KeyVault(SecretUri=${databaseOfApp.properties.secretUriWithVersion})' }
        { name: 'POSTERN_COOKIE_KEY', value: '@Microsoft.KeyVault(SecretUri=${cookieKeyOfApp.properties.secretUriWithVersion})' }
        // The front end of App Service, and it alone, stands between.
        { name: 'POSTERN_TRUSTED_PROXIES', value: '1' }
        { name: 'POSTERN_CONTACT', value: contact }
        { name: 'POSTERN_ORGANISATION_RANGES', value: join(organisationRanges, ',') }
      ]
    }
  }
  dependsOn: [readSecrets, ownTimers]

  // Deployments sign in to Entra ID; there are no passwords.
  resource noFtpPassword 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource noScmPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }
}

// ---- Who is told ----

resource told 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertAddress)) {
  name: name
  location: 'global'
  properties: {
    groupShortName: 'postern'
    enabled: true
    emailReceivers: [{ name: 'sweeps', emailAddress: alertAddress, useCommonAlertSchema: true }]
  }
}

resource sweepsStayAway 'Microsoft.Insights/scheduledQueryRules@2023-03-15-preview' = if (!empty(alertAddress)) {
  name: '${name}-sweeps'
  location: location
  properties: {
    displayName: 'Postern\'s sweeps fail or stay away, so ports may stay open'
    severity: 1
    enabled: true
    scopes: [insights.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    criteria: {
      allOf: [
        {
          query: 'requests | where name == \'sweep\' and success == true'
          timeAggregation: 'Count'
          operator: 'LessThan'
          threshold: 1
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: [told.id] }
  }
}

output principal string = identity.properties.principalId
output url string = url
