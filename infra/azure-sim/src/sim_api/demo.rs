use std::sync::Arc;

use axum::extract::State;
use serde_json::{Value, json};

use crate::app::App;
use crate::directory::{ARM_AUDIENCE, AUDIENCE, Application, TENANT};
use crate::reply::Reply;

/// Everything that is needed to point the service and a test at the simulator.
pub(super) async fn show(State(app): State<Arc<App>>) -> Reply {
    let directory = &app.directory;
    let subscriptions: Vec<Value> = {
        let core = app.core();
        let keys = core.world.containers("/subscriptions");
        let all = keys.iter().filter_map(|key| core.world.get(key));
        all.map(|one| json!({"id": one["subscriptionId"], "name": one["displayName"]})).collect()
    };
    let principals = directory.service_principals.iter().map(|one| (one.name.clone(), credentials(one)));
    Reply::ok(json!({
        "tenant": TENANT,
        "audience": AUDIENCE,
        "authority": app.url,
        "arm": app.url,
        "arm_audience": ARM_AUDIENCE,
        "portal": {"client_id": directory.portal.client_id, "client_secret": directory.portal.client_secret},
        "identity": {
            "endpoint": format!("{}/msi/token", app.url),
            "header": directory.identity.client_secret,
            "object_id": directory.identity.object_id,
        },
        "subscriptions": subscriptions,
        "people": directory.people,
        "service_principals": principals.collect::<serde_json::Map<_, _>>(),
    }))
}

fn credentials(app: &Application) -> Value {
    json!({"client_id": app.client_id, "client_secret": app.client_secret, "object_id": app.object_id})
}
