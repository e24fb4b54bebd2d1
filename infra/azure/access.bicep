// Postern's identity gets its role in one subscription.
targetScope = 'subscription'

@description('The GUID of the role definition.')
param roleName string

@description('The object id of Postern\'s identity.')
param principal string

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, roleName, principal)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleName)
    principalId: principal
    principalType: 'ServicePrincipal'
  }
}
