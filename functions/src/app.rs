//! What every operation works with. Holds no state of its own but caches: any number of instances may run at once.

use std::{path::PathBuf, sync::Arc};

use axum::extract::FromRef;
use jiff::Timestamp;
use shared::{source::SourcePrefix, vm::SubscriptionId};
use url::Url;

use crate::{
    auth::Auth,
    clock::{Clock, Ids},
    config::{Config, Secret},
    enforce::Engine,
    fabric::Fabric,
    metrics::Metrics,
    one_shot::OneShot,
    rights::Rights,
    store::Store,
    work::Work,
};

/// The application, cheap to clone.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// What an application is put together from.
#[derive(Debug)]
pub struct Parts {
    pub engine: Arc<Engine>,
    store: Store,
    pub rights: Rights,
    pub auth: Auth,
    pub ids: Arc<dyn Ids>,
    pub subscriptions: Vec<SubscriptionId>,
    pub public_url: Url,
    pub assets: Option<PathBuf>,
    /// Whether work goes on after an answer: true of a process, false of a function that is frozen between calls.
    pub background: bool,
    /// What goes on after answers, which the end of the process waits for.
    pub work: Work,
    /// Whether the host of Azure Functions calls, its timer too.
    pub azure_functions: bool,
    /// Who may read the metrics; `None`: nobody.
    pub metrics_token: Option<Secret<String>>,
    pub organisation_ranges: Vec<SourcePrefix>,
    pub contact: Option<String>,
    /// One more chance to close each lease on its second.
    pub one_shot: Option<OneShot>,
    pub started_at: Timestamp,
}

impl App {
    pub fn new(
        config: &Config,
        auth: Auth,
        (store, fabric): (Store, Arc<dyn Fabric>),
        (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>),
        metrics: Arc<Metrics>,
        background: bool,
    ) -> Self {
        let started_at = clock.now();
        let author =
            shared::nsg::desired::Author { deployment: config.deployment.clone(), store: store.id() };
        let one_shot = config.one_shot.clone().map(|settings| {
            OneShot::new(settings, config.deployment.clone(), auth.http.clone(), Arc::clone(&clock))
        });
        let rights = Rights::new(Arc::clone(&fabric), Arc::clone(&clock));
        let mut engine = Engine::new(Arc::new(store.clone()), fabric, clock, author);
        engine.clock_tolerance = config.clock_tolerance;
        engine.metrics = metrics;
        let engine = Arc::new(engine);
        Self(Arc::new(Parts {
            engine,
            store,
            rights,
            auth,
            ids,
            subscriptions: config.subscriptions.clone(),
            public_url: config.public_url.clone(),
            assets: config.assets.clone(),
            background,
            work: Work::default(),
            azure_functions: config.azure_functions,
            metrics_token: config.metrics_token.clone(),
            organisation_ranges: config.organisation_ranges.clone(),
            contact: config.contact.clone(),
            one_shot,
            started_at,
        }))
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn now(&self) -> Timestamp {
        self.engine.clock.now()
    }

    /// Whether Postern looks after this subscription at all.
    pub fn serves(&self, subscription: SubscriptionId) -> bool {
        self.subscriptions.contains(&subscription)
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<App> for Auth {
    fn from_ref(app: &App) -> Self {
        app.auth.clone()
    }
}
