//! One's own grants: what is open, and what was.

use std::time::Duration;

use jiff::Timestamp;
use shared::api::{GrantList, GrantView};

mod again;

use self::again::Again;
use crate::{
    clock::Clock,
    components::{
        empty::Empty, grant_card::GrantCard, notice::PageFailure, page_title::set_page_title,
        skeleton::SkeletonRows,
    },
    language::{language, say},
    live::Live,
    model::{failure::Failure, lease::is_settled},
    prelude::*,
    session::SignedIn,
};

const CALM: Duration = Duration::from_secs(15);
const MOVING: Duration = Duration::from_secs(1);

pub(crate) fn pace(list: &GrantList, clock: Clock) -> Duration {
    let now = clock.exact_now();
    if list.grants.iter().all(|grant| is_settled(grant, now)) { CALM } else { MOVING }
}

/// The grants as they are, without when that was said: equal lists are not drawn anew.
pub(crate) fn grants_of(live: Live<GrantList>) -> Memo<Option<Vec<GrantView>>> {
    Memo::new(move |_| {
        let undated = |grant| GrantView { server_time: Timestamp::UNIX_EPOCH, ..grant };
        live.get().map(|list| list.grants.into_iter().map(undated).collect())
    })
}

#[component]
pub(crate) fn Access() -> impl IntoView {
    let language = language();
    set_page_title(move || say!(language, access.title).to_owned());
    let SignedIn { client, clock, .. } = SignedIn::of_page();
    let live = Live::new(move |list| pace(list, clock), move || client.list_grants());
    let grants = grants_of(live);
    let unreachable = move || client.reach().lost().map(|_| Failure::Unreachable);
    let failure = Signal::derive(move || live.failure().or_else(unreachable));
    let on_change = Callback::new(move |()| live.reload());
    let known = Memo::new(move |_| grants.with(Option::is_some));
    let body = move || match (known.get(), failure.with(Option::is_some)) {
        (_, true) => ().into_view(),
        (false, false) => view! { <SkeletonRows/> },
        (true, false) => view! { <Lists grants on_change/> },
    };
    view! {
        <h1>{say!(language, access.title)}</h1>
        <PageFailure failure/>
        {body}
    }
}

#[component]
fn Lists(grants: Memo<Option<Vec<GrantView>>>, on_change: Callback<()>) -> impl IntoView {
    let language = language();
    let part = move |over: bool| {
        let all = grants.get().unwrap_or_default();
        all.into_iter().filter(|grant| is_over(grant) == over).collect::<Vec<GrantView>>()
    };
    let (living, over) = (Memo::new(move |_| part(false)), Memo::new(move |_| part(true)));
    let nothing = (say!(language, access.nothing), say!(language, access.nothing_text));
    let open = move || cards(living.get(), nothing, |view| view! { <GrantCard view on_change after=None/> });
    let no_recent = (say!(language, access.no_recent), say!(language, access.no_recent_text));
    let ended = move || {
        cards(over.get(), no_recent, |view| {
            let after = Some(view! { <Again grant=view.clone() on_change/> });
            view! { <GrantCard view on_change after/> }
        })
    };
    view! {
        <section aria-labelledby="open-now">
            <h2 id="open-now" tabindex=-1>{say!(language, access.open)}</h2>
            <div aria-live="polite">{open}</div>
        </section>
        <section aria-labelledby="recent">
            <h2 id="recent">{say!(language, access.recent)}</h2>
            {ended}
        </section>
    }
}

fn is_over(grant: &GrantView) -> bool {
    grant.leases.iter().all(|view| view.lease.is_closed())
}

fn cards(grants: Vec<GrantView>, empty: (&str, &str), card: impl Fn(GrantView) -> View) -> View {
    if grants.is_empty() {
        return view! { <Empty title=empty.0.to_owned() text=empty.1.to_owned()/> };
    }
    let items = grants.into_iter().map(card).collect_view();
    view! { <ul class="grants">{items}</ul> }
}
