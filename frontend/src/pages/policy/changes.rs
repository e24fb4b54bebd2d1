use std::time::Duration;

use shared::api::PutPolicies;

use super::editor::Editor;
use crate::{
    browser,
    components::notice::FailureNotice,
    language::{language, say},
    model::{failure::Failure, policy_preview::PolicyPreview},
    prelude::*,
    session::SignedIn,
};

/// How long somebody who types is waited for.
const TYPING: Duration = Duration::from_millis(400);

/// What Azure makes of the change, asked for once it is looked at.
#[component]
pub(super) fn Changes(editor: Editor) -> impl IntoView {
    let language = language();
    let looked_at = RwSignal::new(false);
    let body = Memo::new(move |_| looked_at.get().then(|| editor.body()).flatten());
    let answer = asked(body);
    let toggle = move |event: web_sys::Event| looked_at.set(browser::is_open(&event));
    let shown = move || match answer.get() {
        _ if editor.verdict.with(Result::is_err) => {
            view! { <p class="muted">{say!(language, protect.after_wrong)}</p> }
        }
        _ if body.with(Option::is_none) => {
            view! { <p class="muted">{say!(language, protect.unchanged)}</p> }
        }
        None => view! { <p class="muted" role="status">{say!(language, request.checking)}</p> },
        Some(Err(failure)) => view! { <FailureNotice failure/> },
        Some(Ok(preview)) => parts(&preview),
    };
    view! {
        <details class="fold fold--action policy__changes" on:toggle=toggle>
            <summary>{say!(language, request.changes)}</summary>
            {shown}
        </details>
    }
}

type Answer = RwSignal<Option<Result<PolicyPreview, Failure>>>;

/// Whoever is still typing is not asked after each letter.
fn asked(body: Memo<Option<PutPolicies>>) -> Answer {
    let client = SignedIn::of_page().client;
    let answer: Answer = RwSignal::new(None);
    Effect::new(move |_| {
        answer.set(None);
        let Some(body) = body.get() else { return };
        spawn(async move {
            browser::sleep(TYPING).await;
            answer.set(Some(client.preview_policies(&body).await));
        });
    });
    answer
}

fn parts(preview: &PolicyPreview) -> View {
    let language = language();
    let part = |(heading, lines): (&'static str, Vec<String>)| {
        let lines = lines.into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
        view! {
            <h3>{heading}</h3>
            <ul class="changes">{lines}</ul>
        }
    };
    let parts = preview.parts(language).into_iter().map(part).collect_view();
    view! {
        <p class="muted">{say!(language, request.checked_now)}</p>
        {parts}
    }
}
