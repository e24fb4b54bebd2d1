use shared::api::GrantList;

use super::desk::Desk;
use crate::{
    components::{grant_card::GrantCard, notice::MaybeFailure},
    language::{language, say},
    live::Live,
    pages::access::{grants_of, pace},
    prelude::*,
    session::SignedIn,
};

/// What was admitted: how far each opening is, for each VM by itself.
#[component]
pub(super) fn Sent(desk: Desk) -> impl IntoView {
    let some = Memo::new(move |_| desk.grants.with(|grants| !grants.is_empty()));
    move || some.get().then(|| view! { <Progress desk/> })
}

#[component]
fn Progress(desk: Desk) -> impl IntoView {
    let SignedIn { client, clock, .. } = SignedIn::of_page();
    let language = language();
    let live = Live::new(
        move |list: &GrantList| pace(list, clock),
        move || {
            let ids = desk.grants.get();
            Box::pin(async move {
                let mut grants = Vec::new();
                for id in ids {
                    grants.push(client.read_grant(id).await?);
                }
                Ok(GrantList { grants, server_time: clock.exact_now() })
            })
        },
    );
    let grants = grants_of(live);
    let on_change = Callback::new(move |()| live.reload());
    let cards = move || {
        let cards = grants.get().unwrap_or_default().into_iter();
        cards.map(|view| view! { <GrantCard view on_change after=None/> }).collect_view()
    };
    view! {
        <section class="many__sent" aria-labelledby="open-now">
            <h2 id="open-now" tabindex=-1>{say!(language, many.sent)}</h2>
            <MaybeFailure failure=Signal::derive(move || live.failure())/>
            <ul class="grants" aria-live="polite">{cards}</ul>
            <p class="ways-out">
                <a class="button" href="/access">{say!(language, access.title)}</a>
                <a class="button" href="/">{say!(language, common.all_vms)}</a>
            </p>
        </section>
    }
}
