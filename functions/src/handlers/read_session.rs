//! `GET /api/session`: who is signed in, from where, and whether closing can be relied upon.

use std::net::IpAddr;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use shared::{
    api::{Health, Session, SourceConcern, SourceSeen},
    decision::Requester,
    source::SourcePrefix,
};

use super::read_health_report::configures_by;
use crate::{
    app::App,
    caller::{Principal, Via},
    error::ApiError,
    store::StoreError,
};

/// A timer that has not been heard of for longer is called silent.
const SILENT: SignedDuration = SignedDuration::from_mins(3);

/// Without a session it answers 204: that is how the portal finds out, and no refusal.
pub(crate) async fn read_session(
    State(app): State<App>,
    principal: Result<Principal, ApiError>,
) -> Result<Response, ApiError> {
    match principal {
        Ok(principal) => Ok(Json(shown(&app, principal).await?).into_response()),
        Err(error) if error.is_not_signed_in() => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(error) => Err(error),
    }
}

async fn shown(app: &App, principal: Principal) -> Result<Session, ApiError> {
    let source = principal.source.ok_or_else(ApiError::unknown_address)?;
    let now = app.now();
    let expires_at = match principal.via {
        Via::Session { expires_at } | Via::Bearer { expires_at } => expires_at,
    };
    let (health, configures) = (health(app, now).await?, configures(app, &principal.requester).await);
    Ok(Session {
        requester: principal.requester,
        expires_at,
        source: seen(source, principal.proxied),
        organisation_ranges: app.organisation_ranges.clone(),
        contact: app.contact.clone(),
        server_time: now,
        health,
        configures,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// Nobody waits to come in until ARM has said what they may do: `None`, and it is asked meanwhile.
async fn configures(app: &App, viewer: &Requester) -> Option<bool> {
    let mut is_known = true;
    for subscription in &app.subscriptions {
        match app.rights.last_of(*subscription, &viewer.id) {
            Some(rights) if configures_by(app, *subscription, &rights).await.unwrap_or(false) => {
                return Some(true);
            }
            Some(_) => {}
            None => is_known = false,
        }
    }
    if is_known || !app.background {
        return Some(false);
    }
    let (app, viewer) = (app.clone(), viewer.id.clone());
    app.work.clone().spawn(async move {
        for subscription in &app.subscriptions {
            if let Err(error) = app.rights.of(*subscription, &viewer).await {
                tracing::warn!(%error, "what somebody may do is not known yet");
            }
        }
    });
    None
}

async fn health(app: &App, now: Timestamp) -> Result<Health, StoreError> {
    let last_sweep_at = app.store().last_sweep().await?;
    let overdue = app.store().counts(now).await?.overdue;
    let timer_silent_since = silent_since(last_sweep_at, app.started_at, now);
    Ok(Health { last_sweep_at, timer_silent_since, overdue })
}

/// A timer that was never heard of is given its time from the start of this process.
pub(super) fn silent_since(
    last_sweep: Option<Timestamp>,
    started: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    Some(last_sweep.unwrap_or(started)).filter(|since| now.duration_since(*since) > SILENT)
}

fn seen(address: IpAddr, proxied: bool) -> SourceSeen {
    let prefix = SourcePrefix::from_address(address).ok();
    let concern = match prefix {
        None => Some(SourceConcern::Unusable),
        Some(_) if is_private(address) => Some(SourceConcern::Private),
        Some(_) if proxied => Some(SourceConcern::Proxied),
        Some(_) => None,
    };
    SourceSeen { address, prefix, concern }
}

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local() || is_shared(v4),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// The shared address space of RFC 6598, behind a carrier's own translation.
fn is_shared(address: std::net::Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    a == 100 && (64..128).contains(&b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_silent_after_three_minutes_of_nothing() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (last, started, now, silent) in [
            (Some(1000), 0, 1180, None),
            (Some(1000), 0, 1181, Some(1000)),
            (Some(1000), 1150, 1181, Some(1000)),
            (Some(1000), 1150, 990, None),
            (None, 1000, 1180, None),
            (None, 1000, 1181, Some(1000)),
        ] {
            let found = silent_since(last.map(at), at(started), at(now));
            assert_eq!(found, silent.map(at), "{last:?} {started} {now}");
        }
    }

    #[test]
    fn a_public_address_is_no_concern_and_a_private_one_is() {
        let concern = |text: &str| seen(text.parse().unwrap(), false).concern;
        assert_eq!(concern("203.0.113.7"), None);
        for text in ["10.0.0.1", "192.168.1.1", "100.64.0.1", "169.254.1.1", "fd00::1", "::ffff:10.0.0.1"] {
            assert_eq!(concern(text), Some(SourceConcern::Private), "{text}");
        }
        assert_eq!(concern("127.0.0.1"), Some(SourceConcern::Unusable));
    }

    #[test]
    fn a_proxy_is_a_concern_unless_there_is_a_graver_one() {
        let concern = |text: &str| seen(text.parse().unwrap(), true).concern;
        assert_eq!(concern("203.0.113.7"), Some(SourceConcern::Proxied));
        assert_eq!(concern("10.0.0.1"), Some(SourceConcern::Private));
        assert_eq!(concern("127.0.0.1"), Some(SourceConcern::Unusable));
    }
}
