//! What tests and the demo need beside Azure: the secrets, the raw state, the packet probe, faults and settings.

mod demo;
mod flows;
mod identity;
mod settings;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::app::App;
use crate::faults::Fault;
use crate::probe::{Packet, Probe, Unfit, send};
use crate::reply::Reply;
use crate::world::World;

type Shared = State<Arc<App>>;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/demo", get(demo::show))
        .route("/probe", post(send_packet))
        .route("/state", get(async |State(app): Shared| Reply::ok(app.core().world.raw())))
        .route("/history", get(history))
        .route("/faults", get(list_faults).post(order_fault).delete(clear_faults))
        .route("/flows", get(flows::list).post(flows::establish))
        .route("/flows/{id}", delete(flows::end))
        .route("/settings", get(settings::show).put(settings::change))
        .route("/identity", put(identity::restrict))
        .route("/client", put(move_client))
        .route("/resources", put(put_resource).delete(remove_resource))
        .fallback(async || refusal(StatusCode::NOT_FOUND, "there is no such page under /sim"))
}

fn refusal(status: StatusCode, message: impl Into<String>) -> Reply {
    Reply::json(status, json!({"error": message.into()}))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Reply> {
    serde_json::from_slice(body).map_err(|error| {
        refusal(StatusCode::BAD_REQUEST, format!("the body is not what is expected here: {error}"))
    })
}

async fn send_packet(State(app): Shared, body: Bytes) -> Result<Reply, Reply> {
    let packet: Packet = parse(&body)?;
    let probe = follow(&app.core().world, &packet)?;
    Ok(Reply::ok(serde_json::to_value(probe).unwrap_or_default()))
}

fn follow(world: &World, packet: &Packet) -> Result<Probe, Reply> {
    send(world, packet).map_err(|unfit| {
        let status = match unfit {
            Unfit::NoMachine(_) => StatusCode::NOT_FOUND,
            Unfit::Ambiguous(_) | Unfit::NoDestination => StatusCode::BAD_REQUEST,
        };
        refusal(status, unfit.to_string())
    })
}

async fn history(State(app): Shared, RawQuery(query): RawQuery) -> Result<Reply, Reply> {
    let query = query.unwrap_or_default();
    let since = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "since");
    let since = match since {
        Some((_, value)) => {
            value.parse().map_err(|_| refusal(StatusCode::BAD_REQUEST, "since must be a sequence number"))?
        }
        None => 0,
    };
    let core = app.core();
    let records: Vec<_> = core.world.history(since).collect();
    Ok(Reply::ok(json!(records)))
}

async fn list_faults(State(app): Shared) -> Reply {
    Reply::ok(json!(app.core().faults.list()))
}

async fn order_fault(State(app): Shared, body: Bytes) -> Result<Reply, Reply> {
    let fault: Fault = parse(&body)?;
    Ok(Reply::json(StatusCode::CREATED, json!({"id": app.core().faults.order(fault)})))
}

async fn clear_faults(State(app): Shared) -> Reply {
    app.core().faults.clear();
    Reply::empty(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewClient {
    address: IpAddr,
}

async fn move_client(State(app): Shared, body: Bytes) -> Result<Reply, Reply> {
    let new: NewClient = parse(&body)?;
    app.core().settings.client_address = new.address.to_string();
    Ok(Reply::ok(json!({"address": new.address})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    id: String,
    #[serde(default)]
    body: Value,
}

/// A sub-resource is edited within its parent.
async fn put_resource(State(app): Shared, body: Bytes) -> Result<Reply, Reply> {
    let edit: Edit = parse(&body)?;
    if !edit.id.starts_with('/') || !edit.body.is_object() {
        return Err(refusal(StatusCode::BAD_REQUEST, "id must be a resource id and body a whole resource"));
    }
    app.core().world.insert_any(&edit.id, edit.body).map_err(|parent| no_parent(&parent))?;
    app.changed.notify_one();
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

async fn remove_resource(State(app): Shared, body: Bytes) -> Result<Reply, Reply> {
    let edit: Edit = parse(&body)?;
    if !app.core().world.remove_any(&edit.id) {
        return Err(refusal(StatusCode::NOT_FOUND, format!("there is no resource '{}'", edit.id)));
    }
    app.changed.notify_one();
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn no_parent(parent: &str) -> Reply {
    refusal(StatusCode::NOT_FOUND, format!("there is no resource '{parent}' to put it into"))
}
