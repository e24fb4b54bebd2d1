use crate::{
    browser,
    components::notice::MaybeFailure,
    language::{language, say},
    model::lease::left_behind,
    pages::connect::desk::Desk,
    prelude::*,
    session::SignedIn,
    task::Tasks,
};

/// The reader comes from another address than the one that is let in: one tap takes the opening along. Also what became
/// of that, where it did not work.
#[component]
pub(super) fn LeftBehind(desk: Desk) -> impl IntoView {
    let SignedIn { session, client, .. } = SignedIn::of_page();
    let language = language();
    let (busy, failure) = (RwSignal::new(false), RwSignal::new(None));
    let key = StoredValue::new(browser::random_name());
    let apart = Memo::new(move |_| {
        session.with(|session| desk.own.with(|own| left_behind(own.as_ref()?, &session.source)))
    });
    let tasks = Tasks::here();
    let take_along = Callback::new(move |()| {
        let Some(own) = desk.own.get_untracked().filter(|_| !busy.get_untracked()) else { return };
        busy.set(true);
        failure.set(None);
        tasks.run(async move {
            match client.move_grant(own.grant, &key.get_value()).await {
                Ok(grant) => {
                    desk.hear(grant);
                    browser::focus("state");
                }
                Err(reason) => {
                    if !reason.is_doubtful() {
                        key.set_value(browser::random_name());
                    }
                    failure.set(Some(reason));
                }
            }
            busy.set(false);
        });
    });
    let offer = move || {
        let (then, now) = apart.get()?;
        let text = move || {
            if busy.get() {
                say!(language, common.asking).to_owned()
            } else {
                say!(language, moving.action, now)
            }
        };
        Some(view! {
            <div class="notice notice--warn">
                <p>{say!(language, moving.left_behind, then, now)}</p>
                <button
                    type="button"
                    class="button button--primary"
                    disabled=busy
                    on:click=move |_| take_along.run(())
                >
                    {text}
                </button>
                <MaybeFailure failure=failure.into()/>
            </div>
        })
    };
    let failed = move || {
        desk.gave_up().map(|why| view! { <p class="block__trouble">{say!(language, moving.failed, why)}</p> })
    };
    view! { {failed}{offer} }
}
