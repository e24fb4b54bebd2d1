use shared::api::{Session, route};

use super::{Access, Content, Operation, get, post};
use crate::{
    auth::sign_in::{self, FinishQuery, SignedOut, StartQuery},
    handlers::read_session::read_session,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get(route::SESSION, "read_session", "Who calls, from where, and how Postern is", read_session)
            .open_to(Access::Anyone)
            .answers::<Session>("A caller who is known.")
            .answers_in(204, "Nobody is signed in, and no token was sent.", Content::Nothing)
            .refuses(&[400, 401, 500, 503]),
        get(route::SIGN_IN, "start_sign_in", "Sends a browser to the directory to sign in", sign_in::start)
            .open_to(Access::Public)
            .asks::<StartQuery>()
            .answers_in(303, "To the directory's page.", Content::Redirect)
            .refuses(&[503]),
        get(route::CALLBACK, "finish_sign_in", "Where the directory sends the browser back", sign_in::finish)
            .open_to(Access::Public)
            .asks::<FinishQuery>()
            .answers_in(303, "To the portal: signed in, or with the reason why not.", Content::Redirect),
        post(route::SIGN_OUT, "sign_out", "Ends the portal's session", sign_in::end)
            .open_to(Access::Public)
            .answers::<SignedOut>("Where the directory's own session is ended.")
            .refuses(&[403]),
    ]
}
