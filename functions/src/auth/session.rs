//! The portal's session: no state but an encrypted cookie.

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::decision::Requester;

use super::{Parts, cookies};

/// How long a sign-in lasts, whatever happens in between.
pub(super) const LASTS: SignedDuration = SignedDuration::from_hours(8);
pub(super) const COOKIE: &str = "postern";

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Session {
    pub(crate) requester: Requester,
    pub(crate) tenant: String,
    pub(crate) expires_at: Timestamp,
}

/// The session that a request brings, if it is ours and has not ended.
pub(crate) fn session(parts: &Parts, headers: &HeaderMap) -> Option<Session> {
    let session: Session = cookies::read(parts, headers, COOKIE)?;
    let good = parts.clock.now() < session.expires_at && session.tenant == parts.tenant;
    good.then_some(session)
}
