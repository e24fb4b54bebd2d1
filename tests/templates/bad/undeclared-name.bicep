// Bad, as there is no plan.
resource functions 'Microsoft.Web/sites@2024-04-01' = {
  name: 'functions'
  location: 'westeurope'
  properties: {
    serverFarmId: plan.id
  }
}
