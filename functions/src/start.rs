//! From configuration to an application: what the binaries share.

use std::{ffi::OsString, path::Path, sync::Arc};

use shared::nsg::stamp::StoreId;

use crate::{
    app::App,
    auth::{self, Auth},
    clock::{Clock, Ids, SystemClock, SystemIds},
    config::{CREDENTIALS_DIRECTORY, Config, credentials},
    fabric::azure::{ArmEndpoint, AzureFabric, credential},
    metrics::Metrics,
    store::Store,
};

/// Why Postern does not start, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl StartError {
    pub fn because(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// The configuration from this process's environment; what it does not say, from the files of a service manager.
pub fn configuration() -> Result<Config, StartError> {
    // A variable that is not text is none of ours.
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    let mut variables = match std::env::var_os(CREDENTIALS_DIRECTORY) {
        Some(folder) => credentials(Path::new(&folder)).map_err(StartError::because)?,
        None => Vec::new(),
    };
    variables.extend(std::env::vars_os().filter_map(text));
    Config::from_vars(variables.into_iter()).map_err(StartError::because)
}

/// Opens the store and puts the application together.
pub async fn application(config: &Config, background: bool) -> Result<App, StartError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn Ids> = Arc::new(SystemIds);
    let http = auth::http_client(config.extra_ca.as_deref()).map_err(StartError::because)?;
    let credential =
        credential::build(config.credential.clone(), http.clone()).map_err(StartError::because)?;
    let endpoint = ArmEndpoint { url: config.arm_url.clone(), audience: config.arm_audience.clone() };
    let metrics = Arc::new(Metrics::new());
    let fabric = AzureFabric::new(endpoint, credential, http.clone(), Arc::clone(&clock), Arc::clone(&ids));
    let fabric = Arc::new(fabric.counted_in(&metrics));
    let mut fresh = [0; 2];
    ids.bytes(&mut fresh);
    let fresh_id = StoreId::new(u16::from_be_bytes(fresh));
    let store = Store::open(&config.database, fresh_id).await.map_err(StartError::because)?;
    let auth = Auth::new(config, http, Arc::clone(&clock), Arc::clone(&ids));
    Ok(App::new(config, auth, (store, fabric), (clock, ids), metrics, background))
}
