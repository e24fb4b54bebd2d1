//! Whether the answer waits for Azure: RFC 7240's `Prefer: respond-async`.

use std::{collections::BTreeSet, sync::Arc};

use http::HeaderMap;
use shared::{grant::GrantId, vm::VmId};

use crate::{app::App, error::ApiError};

/// When a grant's NSGs are what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// They were read back.
    Now,
    /// Work on them goes on after the answer.
    Later,
}

/// Brings the NSGs of `vms` to what they should be: before the answer, or after it if that is preferred and possible.
pub(crate) async fn settle(
    app: &App,
    headers: &HeaderMap,
    grant: GrantId,
    vms: BTreeSet<VmId>,
) -> Result<Settled, ApiError> {
    if !(app.background && wants_async(headers)) {
        app.engine.settle(&vms).await?;
        return Ok(Settled::Now);
    }
    let engine = Arc::clone(&app.engine);
    app.work.spawn(async move {
        if let Err(error) = engine.settle(&vms).await {
            tracing::error!(grant.id = %grant, %error, "the grant is left to the sweep");
        }
    });
    Ok(Settled::Later)
}

pub(super) fn wants_async(headers: &HeaderMap) -> bool {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case("respond-async"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_preference_wherever_it_stands_and_no_other() {
        assert!(
            asks(&["respond-async"])
                && asks(&["wait=10, Respond-Async"])
                && asks(&["wait=10", "respond-async"])
        );
        assert!(!asks(&[]) && !asks(&["respond-asynchronously"]) && !asks(&["return=minimal"]));
    }

    fn asks(lines: &[&str]) -> bool {
        wants_async(
            &lines
                .iter()
                .map(|line| (http::HeaderName::from_static("prefer"), line.parse().unwrap()))
                .collect(),
        )
    }
}
