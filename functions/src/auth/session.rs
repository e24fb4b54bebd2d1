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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{
        Auth,
        fake::{TENANT, World, sending, session_cookie},
    };

    #[tokio::test]
    async fn accepts_the_cookie_of_any_instance_with_the_key_until_its_end() {
        let world = World::start().await;
        let headers = sending(&cookie(&world.auth, TENANT));
        let instance = World::start().await.auth;
        assert_eq!(session(&instance, &headers).unwrap().requester.id, "oid-1");
        world.clock.advance(LASTS - SignedDuration::from_secs(1));
        assert!(session(&world.auth, &headers).is_some());
        world.clock.advance(SignedDuration::from_secs(1));
        assert!(session(&world.auth, &headers).is_none());
    }

    #[tokio::test]
    async fn rejects_cookies_of_another_key_tenant_or_name_and_garbage() {
        let world = World::start().await;
        let good = cookie(&world.auth, TENANT);
        let sealed_as_other = session_cookie(&world.auth, "postern-other", TENANT);
        let renamed = vec![sealed_as_other[0].replacen("postern-other=", "postern=", 1)];
        let mut bytes = good[0].clone().into_bytes();
        bytes[12] = if bytes[12] == b'A' { b'B' } else { b'A' };
        let changed = vec![String::from_utf8(bytes).unwrap()];
        let of_other_tenant = cookie(&world.auth, "00000000-0000-0000-0000-000000000000");
        for cookies in [renamed, changed, of_other_tenant, vec!["postern=garbage".to_owned()], vec![]] {
            assert!(session(&world.auth, &sending(&cookies)).is_none(), "{cookies:?}");
        }
        assert!(session(&world.with_other_key(), &sending(&good)).is_none());
        assert!(session(&world.auth, &sending(&good)).is_some());
    }

    #[tokio::test]
    async fn the_cookie_is_for_this_host_and_https_alone_except_on_this_machine() {
        let public = cookie(&World::start_for("https://postern.example").await.auth, TENANT);
        let local = cookie(&World::start().await.auth, TENANT);
        for part in
            ["__Host-postern=", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=28800"]
        {
            assert!(public[0].contains(part), "{part}: {public:?}");
        }
        assert!(local[0].starts_with("postern=") && !local[0].contains("Secure"), "{local:?}");
        assert!(!public[0].contains("Domain") && !public[0].contains("oid-1"), "{public:?}");
    }

    fn cookie(auth: &Auth, tenant: &str) -> Vec<String> {
        session_cookie(auth, COOKIE, tenant)
    }
}
