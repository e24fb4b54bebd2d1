mod closing;
mod left_behind;
mod open;
mod progress;
mod resting;
mod unknown;

use self::{closing::Closing, open::Open, progress::Progress, resting::Resting, unknown::Unknown};
use super::desk::{Desk, Stage};
use crate::{
    clock,
    language::{language, say},
    model::{port_state::worries, times},
    prelude::*,
    session::SignedIn,
};

/// What is true now. Changes are read out.
#[component]
pub(super) fn State(desk: Desk) -> impl IntoView {
    let block = move || match desk.stage.get() {
        Stage::Unknown(failure) => view! { <Unknown failure/> },
        Stage::Resting => view! { <Resting desk/> },
        Stage::Opening { written } => view! { <Progress desk written/> },
        Stage::Open { until } => view! { <Open desk until/> },
        Stage::Closing { revoked } => view! { <Closing desk revoked/> },
    };
    let name = say!(language(), common.state);
    view! { <section aria-label=name aria-live="polite" id="state" tabindex=-1>{block}</section> }
}

/// When the rules were last read from Azure.
#[component]
fn Checked(desk: Desk) -> impl IntoView {
    let now = SignedIn::of_page().clock;
    let language = language();
    let at = Memo::new(move |_| desk.detail.with(|detail| detail.checked_at));
    let words = move || match at.get() {
        Some(at) => say!(language, connect.checked, ago = times::ago(at, now.now(), language)),
        None => say!(language, connect.not_checked).to_owned(),
    };
    view! { <p class="block__checked" aria-live="off">{words}</p> }
}

/// Each thing that speaks against what the block says.
#[component]
fn Worries(desk: Desk, under_way: bool) -> impl IntoView {
    let now = SignedIn::of_page().clock;
    let language = language();
    let sentences = Memo::new(move |_| {
        let now = now.coarse_now();
        let told = |status| worries(&status, under_way, now, clock::zone(now), language);
        desk.status().map(told).unwrap_or_default()
    });
    move || {
        let lines = sentences.get();
        (!lines.is_empty()).then(|| {
            let items = lines.into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
            view! { <ul class="worries">{items}</ul> }
        })
    }
}

/// What went wrong last with one's own opening.
#[component]
fn Trouble(desk: Desk) -> impl IntoView {
    let trouble = Memo::new(move |_| desk.own.with(|own| own.as_ref().and_then(|own| own.trouble.clone())));
    move || trouble.get().map(|text| view! { <p class="block__trouble">{text}</p> })
}
