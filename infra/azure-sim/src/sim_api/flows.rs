use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{follow, parse, refusal};
use crate::app::App;
use crate::probe::Packet;
use crate::reply::Reply;
use crate::world::Flow;

pub(super) async fn establish(State(app): State<Arc<App>>, body: Bytes) -> Result<Reply, Reply> {
    let packet: Packet = parse(&body)?;
    let mut core = app.core();
    let probe = follow(&core.world, &packet)?;
    if !probe.is_open() {
        let answer = json!({"error": "the packet does not get in", "probe": probe});
        return Err(Reply::json(StatusCode::CONFLICT, answer));
    }
    let Some(id) = core.world.establish(packet, &probe) else {
        return Err(refusal(StatusCode::CONFLICT, "the packet reaches no machine"));
    };
    app.changed.notify_one();
    Ok(Reply::json(StatusCode::CREATED, json!({"id": id, "state": "established"})))
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Reply {
    Reply::ok(app.core().world.flows().iter().map(shown).collect())
}

pub(super) async fn end(State(app): State<Arc<App>>, Path(id): Path<u64>) -> Result<Reply, Reply> {
    if !app.core().world.end_flow(id) {
        return Err(refusal(StatusCode::NOT_FOUND, format!("there is no flow {id}")));
    }
    app.changed.notify_one();
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn shown(flow: &Flow) -> Value {
    let state = if flow.dropped_at.is_some() { "dropped" } else { "established" };
    json!({
        "id": flow.id, "source": flow.packet.source, "destination": flow.destination,
        "port": flow.packet.port, "state": state, "dropped_at": flow.dropped_at,
    })
}
