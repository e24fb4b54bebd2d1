use super::state_mark::Shape;
use crate::{
    clock,
    language::{language, say},
    model::{port_state::Tone, times},
    prelude::*,
    session::SignedIn,
};

/// Says above every page that Postern does not answer, and of when its last word is.
#[component]
pub(crate) fn Unreached() -> impl IntoView {
    let client = SignedIn::of_page().client;
    let language = language();
    let line = move || {
        let lost = client.reach().lost()?;
        let text = match lost.last_word {
            Some(at) => {
                let time = times::absolute(at, clock::zone(at));
                say!(language, offline.since, time = time)
            }
            None => say!(language, failure.unreachable).to_owned(),
        };
        Some(view! { <p class="banner"><Shape tone=Tone::Possibly/>{text}</p> })
    };
    view! { <div class="banners" role="alert">{line}</div> }
}
