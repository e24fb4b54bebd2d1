use jiff::Timestamp;

use crate::{
    clock,
    language::{Language, language},
    model::times,
    prelude::*,
    session::SignedIn,
};

/// A time told from now, with the absolute one behind it.
#[component]
pub(crate) fn Ago(at: Timestamp) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let language = language();
    let words = move || times::ago(at, clock.coarse_now().max(at), language);
    view! { <time datetime=times::written(at) title=times::absolute(at, clock::zone(at))>{words}</time> }
}

/// An absolute time with its zone, and the one told from now beside it.
#[component]
pub(crate) fn AbsoluteTime(at: Timestamp) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let language = language();
    let words = move || times::ago(at, clock.coarse_now().max(at), language);
    view! {
        <time class="moment" datetime=times::written(at)>{times::absolute(at, clock::zone(at))}</time>
        <span class="moment__ago">{words}</span>
    }
}

/// The time of the day, or day and time.
pub(crate) fn clock_time(at: Timestamp, now: Timestamp, language: Language) -> String {
    times::clock(at, now, clock::zone(at), language)
}
