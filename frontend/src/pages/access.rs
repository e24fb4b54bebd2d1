//! One's own grants: what is open, and what was.

use std::time::Duration;

use leptos::prelude::*;
use shared::api::{GrantList, LeaseView};

mod lease_row;

use self::lease_row::{EndedRow, OpenRow};
use crate::{
    clock::Clock,
    components::{empty::Empty, notice::PageFailure, page_title::set_page_title, skeleton::SkeletonRows},
    language::{language, say},
    live::Live,
    model::{failure::Failure, lease::is_settled},
    session::SignedIn,
};

const CALM: Duration = Duration::from_secs(15);
const MOVING: Duration = Duration::from_secs(1);

fn pace(list: &GrantList, clock: Clock) -> Duration {
    let now = clock.exact_now();
    if list.grants.iter().all(|grant| is_settled(grant, now)) { CALM } else { MOVING }
}

#[component]
pub(crate) fn Access() -> impl IntoView {
    let language = language();
    set_page_title(move || say!(language, access.title).to_owned());
    let SignedIn { client, clock, .. } = SignedIn::of_page();
    let live = Live::new(move |list| pace(list, clock), move || client.list_grants());
    let leases = Memo::new(move |_| {
        live.get().map(|list| list.grants.into_iter().flat_map(|grant| grant.leases).collect::<Vec<_>>())
    });
    let unreachable = move || client.reach().lost().map(|_| Failure::Unreachable);
    let failure = Signal::derive(move || live.failure().or_else(unreachable));
    let reload = Callback::new(move |()| live.reload());
    let known = Memo::new(move |_| leases.with(Option::is_some));
    let body = move || match (known.get(), failure.with(Option::is_some)) {
        (_, true) => ().into_any(),
        (false, false) => view! { <SkeletonRows/> }.into_any(),
        (true, false) => view! { <Lists leases reload/> }.into_any(),
    };
    view! {
        <h1>{say!(language, access.title)}</h1>
        <PageFailure failure/>
        {body}
    }
}

#[component]
fn Lists(leases: Memo<Option<Vec<LeaseView>>>, reload: Callback<()>) -> impl IntoView {
    let language = language();
    let part = move |closed: bool| {
        let all = leases.get().unwrap_or_default();
        all.into_iter().filter(|view| view.lease.is_closed() == closed).collect::<Vec<LeaseView>>()
    };
    let nothing = (say!(language, access.nothing), say!(language, access.nothing_text));
    let open = move || rows(part(false), nothing, move |view| view! { <OpenRow view reload/> }.into_any());
    let no_recent = (say!(language, access.no_recent), say!(language, access.no_recent_text));
    let ended = move || rows(part(true), no_recent, |view| view! { <EndedRow view/> }.into_any());
    view! {
        <section aria-labelledby="open-now">
            <h2 id="open-now">{say!(language, access.open)}</h2>
            {open}
        </section>
        <section aria-labelledby="recent">
            <h2 id="recent">{say!(language, access.recent)}</h2>
            {ended}
        </section>
    }
}

fn rows(leases: Vec<LeaseView>, empty: (&str, &str), row: impl Fn(LeaseView) -> AnyView) -> AnyView {
    if leases.is_empty() {
        return view! { <Empty title=empty.0.to_owned() text=empty.1.to_owned()/> }.into_any();
    }
    let items = leases.into_iter().map(row).collect_view();
    view! { <ul class="leases">{items}</ul> }.into_any()
}
