// Bad, as FTP is switched off by another word.
resource functions 'Microsoft.Web/sites@2024-04-01' = {
  name: 'functions'
  location: 'westeurope'
  properties: {
    siteConfig: { ftpsState: 'Never' }
  }
}
