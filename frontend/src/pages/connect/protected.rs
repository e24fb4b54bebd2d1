use shared::api::VmDetail;

use super::{
    desk::{Desk, Stage},
    openings::Openings,
    request::Request,
    state::State,
};
use crate::{
    browser,
    language::{language, say},
    live::Live,
    model::{form::RequestForm, lease::own_port, prefill::Prefill},
    prelude::*,
    route::Route,
    session::SignedIn,
};

/// How the request form stands on the page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Whole,
    /// Something is open already: asking for more is possible and not the point.
    Folded,
    Gone,
}

/// A VM with a policy.
#[component]
pub(super) fn Protected(live: Live<VmDetail>, detail: Memo<VmDetail>) -> impl IntoView {
    let language = language();
    let session = SignedIn::of_page().session.get_untracked();
    let route = Route::here();
    let mut prefill =
        untrack(|| Prefill::from_query(route.query("port"), route.query("for"), route.query("source")));
    prefill.port = prefill.port.or_else(|| detail.with_untracked(own_port));
    let policy = detail.with_untracked(|detail| detail.policy.clone());
    let form = policy.and_then(|policy| RequestForm::starting(&policy, &session.source, &prefill))?;
    let desk = Desk::new(live, detail, form);
    desk.keep_draft(format!("request.{}.{}", session.requester.id, browser::path_and_query()));
    let place = Memo::new(move |_| match desk.stage.get() {
        Stage::Resting => Place::Whole,
        Stage::Open { .. } => Place::Folded,
        Stage::Unknown(_) | Stage::Opening { .. } | Stage::Closing { .. } => Place::Gone,
    });
    let request = move || match place.get() {
        Place::Gone => ().into_view(),
        Place::Whole => view! { <Request desk/> },
        Place::Folded => view! {
            <details class="fold fold--action">
                <summary>{say!(language, request.open_longer)}</summary>
                <Request desk/>
            </details>
        },
    };
    focus_once(desk);
    Some(view! {
        <State desk/>
        {request}
        <Openings desk/>
    })
}

/// When the page comes up, Enter is enough: the focus is on the button, or on the field that it waits for.
fn focus_once(desk: Desk) {
    Effect::new(move |done: Option<bool>| {
        let resting = desk.stage.get() == Stage::Resting;
        if resting && done != Some(true) {
            browser::focus("why-first");
            browser::focus("primary");
        }
        done == Some(true) || resting || matches!(desk.stage.get(), Stage::Open { .. })
    });
}
