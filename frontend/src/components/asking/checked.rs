use std::time::Duration;

use shared::api::CreateGrant;

use crate::{
    browser,
    components::notice::FailureNotice,
    language::{language, say},
    model::{failure::Failure, preview::Preview},
    prelude::*,
    session::SignedIn,
};

/// How long somebody who types is waited for.
const TYPING: Duration = Duration::from_millis(400);

/// What a request would come to, worked out from the rules as they are in Azure now, once that is looked at. Without
/// bodies there is nothing to work out.
#[component]
pub(crate) fn Checked(bodies: Memo<Vec<CreateGrant>>, looked_at: RwSignal<bool>) -> impl IntoView {
    let client = SignedIn::of_page().client;
    let language = language();
    let answers: RwSignal<Option<Vec<Result<Preview, Failure>>>> = RwSignal::new(None);
    Effect::new(move |_| {
        answers.set(None);
        let bodies = bodies.get();
        if bodies.is_empty() || !looked_at.get() {
            return;
        }
        spawn(async move {
            // Whoever is still typing is not asked after each letter.
            browser::sleep(TYPING).await;
            let mut all = Vec::new();
            for body in &bodies {
                all.push(client.preview_grant(body).await);
            }
            answers.set(Some(all));
        });
    });
    move || match answers.get() {
        None if looked_at.get() && !bodies.with(Vec::is_empty) => {
            view! { <p class="muted" role="status">{say!(language, request.checking)}</p> }
        }
        None if looked_at.get() => {
            view! { <p class="muted">{say!(language, request.not_checked)}</p> }
        }
        None => ().into_view(),
        Some(answers) => {
            let (mut items, mut failures) = (Vec::new(), Vec::new());
            for answer in answers {
                match answer {
                    Ok(preview) => items.extend(preview.lines(language)),
                    Err(failure) => failures.push(view! { <FailureNotice failure/> }),
                }
            }
            let head = (!items.is_empty())
                .then(|| view! { <p class="muted">{say!(language, request.checked_now)}</p> });
            let items = items.into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
            view! { {failures}{head}<ul class="changes">{items}</ul> }
        }
    }
}
