// Bad, as it is called httpsOnly.
resource functions 'Microsoft.Web/sites@2024-04-01' = {
  name: 'functions'
  location: 'westeurope'
  properties: {
    httpOnly: true
  }
}
