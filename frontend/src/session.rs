//! Who is signed in: what every page but the sign-in page is given.

use shared::api::Session;

use crate::{api::Client, clock::Clock, prelude::*};

#[derive(Clone, Copy)]
pub(crate) struct SignedIn {
    pub session: Memo<Session>,
    pub client: Client,
    pub clock: Clock,
}

impl SignedIn {
    /// Pages are only made below the gate that provides it.
    pub(crate) fn of_page() -> Self {
        expect_context::<Self>()
    }
}
