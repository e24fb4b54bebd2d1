// Bad, as a brace is missing.
resource functions 'Microsoft.Web/sites@2024-04-01' = {
  name: 'functions'
  location: 'westeurope'
  properties: {
    httpsOnly: true
  }
