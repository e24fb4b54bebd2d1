// Postern on Azure Functions, with its store in PostgreSQL, and what its identity may do in the subscriptions that it
// looks after.
targetScope = 'subscription'

@description('Names all resources, and the host: https://NAME.azurewebsites.net in the public cloud.')
@minLength(3)
@maxLength(20)
param name string

@description('Where everything of Postern stands.')
param location string = deployment().location

@description('The subscriptions to look after.')
@minLength(1)
param subscriptions array = array(subscription().subscriptionId)

@description('The application that people sign in to: its client id.')
param clientId string

@description('A client secret of that application.')
@secure()
param clientSecret string

@description('64 random bytes in base64, with which session cookies are encrypted.')
@secure()
@minLength(88)
@maxLength(88)
param cookieKey string

@description('The password of the store, letters and digits.')
@secure()
@minLength(24)
@maxLength(128)
param databasePassword string

@description('For whom the API\'s bearer tokens are meant.')
param audience string = clientId

@description('Stands in the name of every rule; no two deployments of a subscription may share it. 1 to 12 lower-case letters and digits.')
@minLength(1)
@maxLength(12)
param deploymentName string = 'postern'

@description('Where browsers reach it, if not at the app\'s own host.')
param publicUrl string = ''

@description('Whom to ask for a role or for JIT on a VM.')
@maxLength(200)
param contact string = ''

@description('Addresses and ranges from where the organisation\'s people come.')
param organisationRanges array = []

@description('How large the machine of the functions is.')
@allowed(['B1', 'B2', 'P0v3', 'P1v3', 'P2v3'])
param planSize string = 'B1'

@description('How many such machines there are.')
@minValue(1)
@maxValue(10)
param instances int = 1

@description('How large the machine of the store is. Those that do not begin with Standard_B have a standby in another zone, to which they fail over by themselves.')
param databaseSize string = 'Standard_B1ms'

@description('Who is written to when sweeps fail or stay away; empty is nobody.')
param alertAddress string = ''

// A role is made where it can be assigned.
var own = subscription().subscriptionId

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: name
  location: location
}

module app 'app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: name
    location: location
    subscriptions: subscriptions
    clientId: clientId
    clientSecret: clientSecret
    cookieKey: cookieKey
    databasePassword: databasePassword
    audience: audience
    deploymentName: deploymentName
    publicUrl: publicUrl
    contact: contact
    organisationRanges: organisationRanges
    planSize: planSize
    instances: instances
    databaseSize: databaseSize
    alertAddress: alertAddress
  }
}

// A custom role is the directory's: it is made once, and assigned in each subscription.
resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(tenant().tenantId, name, 'operator')
  properties: {
    roleName: 'Postern Operator (${name})'
    description: loadJsonContent('postern-role.json', '$.Description')
    type: 'CustomRole'
    permissions: [
      {
        actions: loadJsonContent('postern-role.json', '$.Actions')
        notActions: []
      }
    ]
    assignableScopes: [for id in union(subscriptions, [own]): '/subscriptions/${id}']
  }
}

module access 'access.bicep' = [for id in subscriptions: {
  name: 'access-${id}'
  scope: subscription(id)
  params: {
    roleName: role.name
    principal: app.outputs.principal
  }
}]

@description('Where Postern is.')
output url string = app.outputs.url

@description('To be registered at the application.')
output redirectUri string = '${app.outputs.url}/auth/callback'
