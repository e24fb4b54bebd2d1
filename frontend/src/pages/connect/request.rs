use shared::{api::CreateGrant, policy::JustificationRule};

mod fields;

use self::fields::Port;
use super::desk::Desk;
use crate::{
    browser,
    components::{
        asking::{Checked, Fields, From, Lasting, Objections, Why, keep_why},
        notice::MaybeFailure,
    },
    language::{language, say},
    model::{
        form::Objection,
        proof,
        verdict::{action, verdict},
    },
    prelude::*,
    session::SignedIn,
    task::Tasks,
};

type Verdict = Memo<Result<CreateGrant, Vec<Objection>>>;

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
    let submit = move |event: tachys::html::event::SubmitEvent| {
        event.prevent_default();
        if let Ok(body) = verdict.get_untracked()
            && !desk.asking.get_untracked()
        {
            keep_why(&body);
            tasks.run(desk.ask(client, body));
        }
    };
    let fields = Fields {
        form: desk.form,
        found: Memo::new(move |_| verdict.with(|verdict| verdict.clone().err().unwrap_or_default())),
        rule: Memo::new(move |_| desk.status().map(|status| status.rule)),
        group: 0,
    };
    let rule = Memo::new(move |_| {
        desk.detail.with(|detail| detail.policy.as_ref().map(|policy| policy.justification))
    });
    let why_first = move || {
        (rule.get() == Some(JustificationRule::Required)).then(|| view! { <Why fields required=true/> })
    };
    let why_last = move || {
        (rule.get() == Some(JustificationRule::Optional)).then(|| view! { <Why fields required=false/> })
    };
    view! {
        <form class="request" aria-label=say!(language, request.title) novalidate on:submit=submit>
            {why_first}
            <Primary desk verdict/>
            <Refusal desk/>
            <Objections found=fields.found field=None/>
            <Port desk fields/>
            <From fields/>
            <Lasting fields/>
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
        <MaybeFailure failure=desk.refused.into()/>
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
    let bodies =
        Memo::new(move |_| verdict.with(|verdict| verdict.iter().cloned().collect::<Vec<CreateGrant>>()));
    let toggle = move |event: web_sys::Event| looked_at.set(browser::is_open(&event));
    move || {
        lines.with(|lines| !lines.is_empty()).then(|| {
            let items = lines.get().into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
            view! {
                <details class="fold fold--action" open=looked_at.get_untracked() on:toggle=toggle>
                    <summary>{say!(language, request.changes)}</summary>
                    <ol class="changes">{items}</ol>
                    <Checked bodies looked_at/>
                </details>
            }
        })
    }
}
