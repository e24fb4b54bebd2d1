//! `POST /api/grants/{id}/move`: the living openings of one's own grant for other sources, to the same end.
//!
//! A new grant takes the place of the old one, under the same decision as any: it is confirmed first, and only then the
//! old one is closed. Where the new one cannot be confirmed, the old one stays as it was, to its own end.

use std::collections::BTreeSet;

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use shared::{
    api::{CreateGrant, MoveGrant, OpeningForm},
    grant::{CloseReason, GrantId, Lease, LeaseState},
    source::Sources,
    vm::VmId,
    window::AccessDuration,
};

use super::{
    create_grant::{Admittance, Asking, admit, answer, own_address, vms_of},
    idempotency::idempotency_name,
    read_grant::find,
    respond::wants_async,
};
use crate::{
    app::App,
    caller::Principal,
    error::{ApiError, Json},
    store::{Admitted, HeldGrant},
};

/// How often, and how long after another, a new grant that Azure did not take yet is looked at again.
const LOOKS: u32 = 60;
const BETWEEN: SignedDuration = SignedDuration::from_secs(2);

pub(crate) async fn move_grant(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<MoveGrant>,
) -> Result<Response, ApiError> {
    let old = find(&app, &id, &principal).await?;
    if old.grant.requester.id != principal.requester.id {
        return Err(ApiError::forbidden("only its holder may move a grant; nothing was changed"));
    }
    let name = idempotency_name(&headers, &principal, &(old.grant.id, &body))?;
    let known = match &name {
        Some(name) => app.store().admitted(name, app.now()).await?,
        None => None,
    };
    let (new, status) = match known {
        Some(Admitted::Repeated(new)) => (new, StatusCode::OK),
        Some(Admitted::Mismatched) => return Err(ApiError::mismatch()),
        Some(Admitted::New) | None => {
            let at = whole_second(app.now());
            let sources = body.sources.map_or_else(|| own_address(&principal), Ok)?;
            let body = elsewhere(&old, &sources, at)?;
            let asking = Asking { body, name: name.as_ref(), replaces: Some(old.grant.id), at, within: None };
            match admit(&app, &principal, asking).await? {
                Admittance::New(grant) => (grant.id, StatusCode::CREATED),
                Admittance::Repeated(id) => (id, StatusCode::OK),
            }
        }
    };
    let exchange = Exchange { old: old.grant.id, new, vms: vms_of(&old.grant.leases) };
    let status = exchange.carry_out(&app, &headers, status).await?;
    answer(&app, new, &principal, status).await
}

/// The same ports of the same VMs for other sources, from `at` to the ends that they have.
fn elsewhere(old: &HeldGrant, sources: &Sources, at: Timestamp) -> Result<CreateGrant, ApiError> {
    let living: Vec<&Lease> =
        old.leases.iter().map(|held| &held.lease).filter(|lease| lease.lives(at)).collect();
    if living.is_empty() {
        let message = "nothing of it is open any more, so nothing was moved; ask for a new opening";
        return Err(ApiError::conflict("ended", message));
    }
    if living.iter().all(|lease| lease.sources == *sources) {
        let message = format!("it is open for {sources} already; nothing was changed");
        return Err(ApiError::conflict("already_there", message));
    }
    let openings: Result<Vec<OpeningForm>, ApiError> = living
        .into_iter()
        .map(|lease| {
            let left = lease.expires_at.duration_since(at).as_secs();
            let duration = AccessDuration::from_seconds(left).map_err(|_| {
                let message = "it ends in less than a minute, so it was not moved; ask for a new opening";
                ApiError::conflict("ended", message)
            })?;
            let (vm, port) = (lease.vm.clone(), lease.port);
            Ok(OpeningForm { vm, port, sources: Some(sources.clone()), duration })
        })
        .collect();
    Ok(CreateGrant { openings: openings?, justification: old.grant.justification.clone() })
}

/// Openings end at whole seconds: from a later start by a fraction they would end later.
fn whole_second(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// A grant that takes the place of another.
struct Exchange {
    old: GrantId,
    new: GrantId,
    vms: BTreeSet<VmId>,
}

impl Exchange {
    async fn carry_out(
        self,
        app: &App,
        headers: &HeaderMap,
        status: StatusCode,
    ) -> Result<StatusCode, ApiError> {
        if !(app.background && wants_async(headers)) {
            self.step(app).await?;
            return Ok(status);
        }
        let app = app.clone();
        app.work.clone().spawn(async move { self.follow(&app).await });
        Ok(if status == StatusCode::CREATED { StatusCode::ACCEPTED } else { status })
    }

    /// Goes on while Azure has not taken the new openings.
    async fn follow(&self, app: &App) {
        for _ in 0..LOOKS {
            match self.step(app).await {
                Ok(true) => return,
                Ok(false) => {
                    app.engine.clock.sleep_until(app.now().saturating_add(BETWEEN).unwrap_or_default()).await
                }
                Err(error) => {
                    tracing::error!(grant.id = %self.old, ?error, "the grant that was moved is left to its end");
                    return;
                }
            }
        }
    }

    /// Closes each old opening whose new one was read back. `true`: nothing more is to come.
    async fn step(&self, app: &App) -> Result<bool, ApiError> {
        app.engine.settle(&self.vms).await?;
        let (Some(old), Some(new)) = (app.store().grant(self.old).await?, app.store().grant(self.new).await?)
        else {
            return Ok(true);
        };
        let of_new = |old: &Lease| {
            let leases = new.leases.iter().map(|held| &held.lease);
            leases.filter(|new| new.vm == old.vm && new.port == old.port).map(|new| &new.state).next()
        };
        let (mut ended, mut waiting) = (false, false);
        for held in old.leases.iter().filter(|held| held.lease.lives(app.now())) {
            match of_new(&held.lease) {
                Some(LeaseState::Open { .. }) => {
                    app.engine.end_lease(held, CloseReason::Superseded, &[]).await?;
                    ended = true;
                }
                Some(LeaseState::Pending { .. }) => waiting = true,
                Some(LeaseState::Closed { .. }) | None => {}
            }
        }
        if ended {
            app.engine.settle(&self.vms).await?;
        }
        Ok(!waiting)
    }
}
