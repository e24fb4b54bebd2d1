use super::state_mark::Shape;
use crate::{
    clock,
    language::language,
    model::{health, port_state::Tone},
    prelude::*,
    session::SignedIn,
};

/// Says when closing cannot be relied upon. A text that stays true is not written anew, and so is read out once.
#[component]
pub(crate) fn HealthBanner() -> impl IntoView {
    let SignedIn { session, clock, .. } = SignedIn::of_page();
    let language = language();
    let warnings = Memo::new(move |_| {
        health::warnings(&session.get().health, clock.coarse_now(), clock::zone, language)
    });
    let each = move || warnings.get();
    view! {
        <div class="banners">
            {keyed(each, String::clone, |text| view! { <BannerLine text/> })}
        </div>
    }
}

#[component]
fn BannerLine(text: String) -> impl IntoView {
    view! {
        <p class="banner" role="alert">
            <Shape tone=Tone::Possibly/>
            {text}
        </p>
    }
}
