//! The gate before the pages, and the pages behind it.

use std::time::Duration;

use leptos::prelude::*;
use shared::api::Session;

use crate::{
    api::Client,
    clock::Clock,
    components::{
        header::Header, health_banner::HealthBanner, language_toggle::LanguageToggle, notice::FailureNotice,
        skeleton::Skeleton,
    },
    language::Spoken,
    live::Live,
    model::{failure::Failure, link::Page},
    pages::{connect::Connect, later, not_found::NotFound, sign_in::SignIn},
    route::Route,
    session::SignedIn,
    tabs::Tabs,
};

/// How often the address that one comes from and Postern's health are asked again.
const SESSION_PACE: Duration = Duration::from_secs(60);
/// The same while something is overdue: that may have been a closing under way.
const OVERDUE_PACE: Duration = Duration::from_secs(5);

fn session_pace(session: &Session) -> Duration {
    if session.health.overdue == 0 { SESSION_PACE } else { OVERDUE_PACE }
}

#[derive(Clone, PartialEq, Eq)]
enum Gate {
    Waiting,
    SignedOut,
    Failed(Failure),
    SignedIn,
}

#[component]
pub(crate) fn App() -> impl IntoView {
    let clock = Clock::start();
    let client = Client::new(clock);
    let session = Live::new(session_pace, move || client.read_session());
    // The session is no matter of what another tab opens or closes.
    Tabs::provide();
    let online = window_event_listener(leptos::ev::online, move |_| session.reload());
    on_cleanup(move || online.remove());
    let gate = Memo::new(move |_| match (client.is_signed_out(), session.get(), session.failure()) {
        (true, ..) => Gate::SignedOut,
        (false, Some(_), _) => Gate::SignedIn,
        (false, None, Some(failure)) => Gate::Failed(failure),
        (false, None, None) => Gate::Waiting,
    });
    let spoken = Spoken::provide();
    Route::provide();
    move || {
        spoken.get();
        match gate.get() {
            Gate::Waiting => view! { <Outside><Skeleton/></Outside> }.into_any(),
            Gate::SignedOut => view! { <Outside><SignIn/></Outside> }.into_any(),
            Gate::Failed(failure) => view! { <Outside><FailureNotice failure/></Outside> }.into_any(),
            Gate::SignedIn => view! { <Inside session client clock/> }.into_any(),
        }
    }
}

/// What is shown to nobody in particular.
#[component]
fn Outside(children: Children) -> impl IntoView {
    view! {
        <header class="bar">
            <span class="bar__brand">
                <img class="bar__logo" src="/icon.svg" alt="" width="20" height=20/>
                {crate::components::header::NAME}
            </span>
            <LanguageToggle/>
        </header>
        <main class="page">{children()}</main>
    }
}

#[component]
fn Inside(session: Live<Session>, client: Client, clock: Clock) -> impl IntoView {
    let Some(first) = session.get_untracked() else { return ().into_any() };
    let session = Memo::new(move |_| session.get().unwrap_or_else(|| first.clone()));
    provide_context(SignedIn { session, client, clock });
    let route = Route::here();
    let page = Memo::new(move |_| Page::of(&route.path()));
    let shown = move || match page.get() {
        Page::Vms => later::vms(),
        Page::Connect(vm) => view! { <Connect vm/> }.into_any(),
        Page::Request => later::request(),
        Page::Access => later::access(),
        Page::Activity => later::activity(),
        Page::Policy => later::policy(),
        Page::Unknown => view! { <NotFound/> }.into_any(),
    };
    view! {
        <Header/>
        <HealthBanner/>
        <main class="page" id="main" tabindex=-1>
            {shown}
        </main>
    }
    .into_any()
}
