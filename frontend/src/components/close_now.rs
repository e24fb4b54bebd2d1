use shared::{api::GrantView, grant::GrantId};

use super::notice::MaybeFailure;
use crate::{
    language::{language, say},
    prelude::*,
    session::SignedIn,
    task::Tasks,
};

/// Ends a grant; what the answer says is given on. `label` tells several such buttons apart.
#[component]
pub(crate) fn CloseNow(
    grant: GrantId,
    label: Option<String>,
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
    let language = language();
    let text =
        move || if busy.get() { say!(language, common.asking) } else { say!(language, common.close_now) };
    view! {
        <button type="button" class="button" aria-label=label disabled=busy on:click=close>{text}</button>
        <MaybeFailure failure=failure.into()/>
    }
}
