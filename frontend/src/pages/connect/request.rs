use std::time::Duration;

use leptos::{prelude::*, task::spawn_local_scoped_with_cancellation, wasm_bindgen::JsCast};
use shared::{api::CreateGrant, policy::JustificationRule};

mod fields;
mod from;
mod lasting;
mod why;

use self::{
    fields::{Objections, Port},
    from::From,
    lasting::Lasting,
    why::Why,
};
use super::desk::Desk;
use crate::{
    browser,
    components::notice::{FailureNotice, MaybeFailure},
    language::{language, say},
    model::{
        failure::Failure,
        form::Objection,
        preview::Preview,
        proof,
        verdict::{action, verdict},
    },
    session::SignedIn,
    task::Tasks,
};

/// How long somebody who types is waited for.
const TYPING: Duration = Duration::from_millis(400);

pub(super) type Verdict = Memo<Result<CreateGrant, Vec<Objection>>>;

/// The request: its one button first, then what it is made of.
#[component]
pub(super) fn Request(desk: Desk) -> impl IntoView {
    let SignedIn { session, client, .. } = SignedIn::of_page();
    let language = language();
    let verdict: Verdict = Memo::new(move |_| {
        desk.detail.with(|detail| {
            session.with(|session| desk.form.with(|form| verdict(form, detail, session, language)))
        })
    });
    let tasks = Tasks::here();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Ok(body) = verdict.get_untracked()
            && !desk.asking.get_untracked()
        {
            why::keep(&body);
            tasks.run(desk.ask(client, body));
        }
    };
    let rule = Memo::new(move |_| {
        desk.detail.with(|detail| detail.policy.as_ref().map(|policy| policy.justification))
    });
    let why_first = move || {
        (rule.get() == Some(JustificationRule::Required)).then(|| view! { <Why desk verdict required=true/> })
    };
    let why_last = move || {
        (rule.get() == Some(JustificationRule::Optional))
            .then(|| view! { <Why desk verdict required=false/> })
    };
    view! {
        <form class="request" aria-label=say!(language, request.title) novalidate on:submit=submit>
            {why_first}
            <Primary desk verdict/>
            <Refusal desk/>
            <Objections verdict field=None/>
            <Port desk verdict/>
            <From desk verdict/>
            <Lasting desk verdict/>
            {why_last}
        </form>
        <Changes desk verdict/>
    }
}

/// The button that says exactly what it will do.
#[component]
fn Primary(desk: Desk, verdict: Verdict) -> impl IntoView {
    let session = SignedIn::of_page().session;
    let language = language();
    let said =
        Memo::new(move |_| session.with(|session| desk.form.with(|form| action(form, session, language))));
    let what =
        move || if desk.asking.get() { say!(language, common.asking).to_owned() } else { said.get().0 };
    let disabled = move || verdict.with(Result::is_err) || desk.asking.get();
    view! {
        <button type="submit" class="button button--primary button--wide" id="primary" disabled=disabled>
            <span class="button__what">{what}</span>
            {" "}
            <span class="button__how">{move || said.get().1}</span>
        </button>
    }
}

/// Why the server did not take the request.
#[component]
fn Refusal(desk: Desk) -> impl IntoView {
    let language = language();
    let doubtful = move || {
        let doubtful =
            desk.refused.with(|failure| failure.as_ref().is_some_and(|failure| failure.is_doubtful()));
        doubtful.then(|| view! { <p class="muted">{say!(language, request.doubtful)}</p> })
    };
    view! {
        <MaybeFailure failure=desk.refused/>
        {doubtful}
    }
}

/// What would be written, who gets in, what stays as it is; and once that is looked at, what Azure makes of it.
#[component]
fn Changes(desk: Desk, verdict: Verdict) -> impl IntoView {
    let session = SignedIn::of_page().session;
    let language = language();
    let looked_at = RwSignal::new(false);
    let lines = Memo::new(move |_| {
        desk.detail.with(|detail| {
            session.with(|session| desk.form.with(|form| proof::changes(form, detail, session, language)))
        })
    });
    let toggle = move |event: web_sys::Event| looked_at.set(is_open(&event));
    move || {
        lines.with(|lines| !lines.is_empty()).then(|| {
            let items = lines.get().into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
            view! {
                <details class="fold fold--action" open=looked_at.get_untracked() on:toggle=toggle>
                    <summary>{say!(language, request.changes)}</summary>
                    <ol class="changes">{items}</ol>
                    <Checked verdict looked_at/>
                </details>
            }
        })
    }
}

fn is_open(event: &web_sys::Event) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|details| details.has_attribute("open"))
}

/// The same, worked out from the rules as they are in Azure now.
#[component]
fn Checked(verdict: Verdict, looked_at: RwSignal<bool>) -> impl IntoView {
    let client = SignedIn::of_page().client;
    let language = language();
    let answer: RwSignal<Option<Result<Preview, Failure>>> = RwSignal::new(None);
    Effect::new(move |_| {
        answer.set(None);
        let Ok(body) = verdict.get() else { return };
        if !looked_at.get() {
            return;
        }
        spawn_local_scoped_with_cancellation(async move {
            // Whoever is still typing is not asked after each letter.
            browser::sleep(TYPING).await;
            answer.set(Some(client.preview_grant(&body).await));
        });
    });
    move || match answer.get() {
        None if looked_at.get() && verdict.with(Result::is_ok) => {
            view! { <p class="muted" role="status">{say!(language, request.checking)}</p> }.into_any()
        }
        None => ().into_any(),
        Some(Err(failure)) => view! { <FailureNotice failure/> }.into_any(),
        Some(Ok(preview)) => {
            let items =
                preview.lines(language).into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
            let head = say!(language, request.checked_now);
            view! { <p class="muted">{head}</p><ul class="changes">{items}</ul> }.into_any()
        }
    }
}
