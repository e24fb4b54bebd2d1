//! `GET /api/vms/…/rdp?port=3389`: a file that opens a remote desktop client at the VM.

use std::net::SocketAddr;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use schemars::JsonSchema;
use serde::Deserialize;
use shared::{api::Mapped, exposure, inventory::Machine, port::Port};

use super::{view::undated, vm_path::SeenVm};
use crate::{
    app::App,
    error::{ApiError, Query},
    inventory::look_up,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RdpQuery {
    /// 3389 if missing.
    #[schemars(with = "Option<Port>")]
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
    let network = machine.network();
    let mapped = mapped_port(&app, &machine, port).await?;
    let missing = || match &network.firewall {
        Some(firewall) => {
            let message = format!(
                "{} is reached through firewall {}, which leads nobody to port {port} now: ask for access first",
                seen.vm.name(),
                firewall.name
            );
            ApiError::conflict("not_mapped", message)
        }
        None => ApiError::conflict("no_address", format!("{} has no address to connect to", seen.vm.name())),
    };
    let endpoint = network.endpoint(port, mapped).ok_or_else(missing)?;
    let mut file = format!(
        "full address:s:{}\r\nprompt for credentials:i:1\r\nauthentication level:i:2\r\n",
        SocketAddr::new(endpoint.address, endpoint.port.number())
    );
    if let Some(user) = network.admin_user.as_ref().filter(|user| !user.chars().any(char::is_control)) {
        file.push_str(&format!("username:s:{user}\r\n"));
    }
    let disposition = format!("attachment; filename=\"{}.rdp\"", seen.vm.name());
    Ok(([(CONTENT_TYPE, "application/x-rdp".to_owned()), (CONTENT_DISPOSITION, disposition)], file)
        .into_response())
}

/// Behind a firewall, under what the port is reached by what was last read back.
async fn mapped_port(app: &App, machine: &Machine, port: Port) -> Result<Option<Mapped>, ApiError> {
    if machine.gate().is_none() {
        return Ok(None);
    }
    let firewalls = undated(app.store().firewalls(machine.vm.subscription()).await?);
    Ok(exposure::mapped(&app.engine.author.deployment, machine, port, &firewalls, app.now()))
}
