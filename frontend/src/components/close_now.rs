use leptos::prelude::*;
use shared::{api::GrantView, grant::GrantId};

use super::notice::MaybeFailure;
use crate::{session::SignedIn, task::Tasks};

mod words {
    pub(super) const CLOSE_NOW: &str = "Close now";
    pub(super) const ASKING: &str = "Asking…";
}

/// Ends a grant; what the answer says is given on. `label` tells several such buttons apart.
#[component]
pub(crate) fn CloseNow(
    grant: GrantId,
    #[prop(optional, into)] label: Option<String>,
    on_answer: Callback<GrantView>,
) -> impl IntoView {
    let client = SignedIn::of_page().client;
    let (busy, failure) = (RwSignal::new(false), RwSignal::new(None));
    let tasks = Tasks::here();
    let close = move |_| {
        busy.set(true);
        tasks.run(async move {
            let answer = client.revoke_grant(grant).await;
            busy.set(false);
            match answer {
                Ok(view) => on_answer.run(view),
                Err(reason) => failure.set(Some(reason)),
            }
        });
    };
    let text = move || if busy.get() { words::ASKING } else { words::CLOSE_NOW };
    view! {
        <button type="button" class="button" aria-label=label disabled=busy on:click=close>{text}</button>
        <MaybeFailure failure/>
    }
}
