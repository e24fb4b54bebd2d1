use jiff::Timestamp;

use crate::{model::times, prelude::*, session::SignedIn};

/// What is left until `end`, each second; it is not read out by itself.
#[component]
pub(crate) fn Countdown(end: Timestamp) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let left = Memo::new(move |_| times::countdown(end, clock.now()));
    view! { <span class="countdown" role="timer" aria-live="off">{left}</span> }
}
