//! The gate before the pages, and the pages behind it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use shared::api::Session;

use crate::{
    api::Client,
    clock::Clock,
    components::{
        header::Header, health_banner::HealthBanner, language_toggle::LanguageToggle, notice::FailureNotice,
        skeleton::Skeleton, unreached::Unreached, updated::Updated,
    },
    language::Spoken,
    live::Live,
    model::{failure::Failure, link::Page},
    pages::{connect::Connect, later, not_found::NotFound, sign_in::SignIn},
    prelude::*,
    reach::Wake,
    route::Route,
    session::SignedIn,
    tabs::Tabs,
};

/// How often the address that one comes from and Postern's health are asked again.
const SESSION_PACE: Duration = Duration::from_secs(60);
/// The same while something is overdue: that may have been a closing under way.
const OVERDUE_PACE: Duration = Duration::from_secs(5);
/// The same while Azure has not said what somebody may do.
const UNKNOWN_PACE: Duration = Duration::from_secs(3);

/// It is asked after again when it should be over, too.
fn session_pace(session: &Session, now: Timestamp) -> Duration {
    let usual = match (session.configures, session.health.overdue) {
        (None, _) => UNKNOWN_PACE,
        (Some(_), 0) => SESSION_PACE,
        (Some(_), _) => OVERDUE_PACE,
    };
    let left = session.expires_at.duration_since(now) + SignedDuration::from_secs(1);
    Duration::try_from(left).map_or(usual, |left| left.clamp(Duration::from_secs(1), usual))
}

#[derive(Clone, PartialEq, Eq)]
enum Gate {
    Waiting,
    SignedOut,
    Failed(Failure),
    /// Whoever it is: the pages of one are not another's.
    SignedIn(String),
}

#[component]
pub(crate) fn App() -> impl IntoView {
    let clock = Clock::start(Wake::provide());
    let client = Client::new(clock);
    let session = Live::new(
        move |session| session_pace(session, clock.exact_now()),
        move || Box::pin(client.read_session()),
    );
    // The session is no matter of what another tab opens or closes.
    Tabs::provide();
    let gate = Memo::new(move |_| match (client.is_signed_out(), session.get(), session.failure()) {
        (true, ..) => Gate::SignedOut,
        (false, Some(session), _) => Gate::SignedIn(session.requester.id),
        (false, None, Some(failure)) => Gate::Failed(failure),
        (false, None, None) => Gate::Waiting,
    });
    let spoken = Spoken::provide();
    Route::provide();
    move || {
        spoken.get();
        match gate.get() {
            Gate::Waiting => view! { <Outside><Skeleton/></Outside> },
            Gate::SignedOut => {
                let ended = session.get_untracked().is_some();
                view! { <Outside><SignIn ended/></Outside> }
            }
            Gate::Failed(failure) => view! { <Outside><FailureNotice failure/></Outside> },
            Gate::SignedIn(_) => view! { <Inside session client clock/> },
        }
    }
}

/// What is shown to nobody in particular.
#[component]
fn Outside(children: View) -> impl IntoView {
    view! {
        <header class="bar">
            <span class="bar__brand">
                <img class="bar__logo" src="/icon.svg" alt="" width="20" height=20/>
                {crate::components::header::NAME}
            </span>
            <LanguageToggle/>
        </header>
        <main class="page">{children}</main>
    }
}

#[component]
fn Inside(session: Live<Session>, client: Client, clock: Clock) -> impl IntoView {
    let Some(first) = session.get_untracked() else { return ().into_view() };
    let session = Memo::new(move |_| session.get().unwrap_or_else(|| first.clone()));
    provide_context(SignedIn { session, client, clock });
    let route = Route::here();
    let page = Memo::new(move |_| Page::of(&route.path()));
    let shown = move || match page.get() {
        Page::Vms => later::vms(),
        Page::Connect(vm) => view! { <Connect vm/> },
        Page::Request => later::request(),
        Page::Access => later::access(),
        Page::Activity => later::activity(),
        Page::Health => later::health(),
        Page::Policy => later::policy(),
        Page::Unknown => view! { <NotFound/> },
    };
    view! {
        <Header/>
        <Unreached/>
        <Updated/>
        <HealthBanner/>
        <main class="page" id="main" tabindex=-1>
            {shown}
        </main>
    }
}
