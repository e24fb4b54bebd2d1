//! `GET /api/vms/…/rdp?port=3389`: a file that opens a remote desktop client at the VM.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use shared::port::Port;

use super::vm_path::SeenVm;
use crate::{
    app::App,
    error::{ApiError, Query},
    inventory::look_up,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RdpQuery {
    port: Option<String>,
}

pub(crate) async fn read_rdp(
    State(app): State<App>,
    seen: SeenVm,
    Query(query): Query<RdpQuery>,
) -> Result<Response, ApiError> {
    let port: Port = match query.port {
        Some(text) => text.parse().map_err(|error| ApiError::rejected("port", error))?,
        None => Port::RDP,
    };
    let machine = match app.store().machine(&seen.vm).await? {
        Some((machine, ..)) => Some(machine),
        None => look_up(&app.engine, &seen.vm).await?,
    };
    let machine = machine.ok_or_else(|| ApiError::not_found(format!("virtual machine {}", seen.vm)))?;
    let missing =
        || ApiError::conflict("no_address", format!("{} has no address to connect to", seen.vm.name()));
    let network = machine.network();
    let address = network.connect_to().ok_or_else(missing)?;
    let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
    let mut file =
        format!("full address:s:{host}:{port}\r\nprompt for credentials:i:1\r\nauthentication level:i:2\r\n");
    if let Some(user) = network.admin_user.filter(|user| !user.chars().any(char::is_control)) {
        file.push_str(&format!("username:s:{user}\r\n"));
    }
    let disposition = format!("attachment; filename=\"{}.rdp\"", seen.vm.name());
    Ok(([(CONTENT_TYPE, "application/x-rdp".to_owned()), (CONTENT_DISPOSITION, disposition)], file)
        .into_response())
}
