//! The bookmarkable page of a VM: what is true now, and one button that says what it will do.

use shared::{
    api::{Support, VmDetail},
    vm::VmId,
};

mod desk;
mod facts;
mod openings;
mod protected;
mod request;
mod state;
mod title;
mod unguarded;
mod words;

use self::{
    facts::Facts,
    protected::Protected,
    title::Title,
    unguarded::{NotConfigured, NotSupported},
};
use crate::{
    components::{notice::FailureNotice, page_title::set_page_title, skeleton::Skeleton},
    language::{language, say},
    live::Live,
    pages::later,
    prelude::*,
    session::SignedIn,
};

/// Which kind of page it is; the page is made anew only when this changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Waiting,
    Failed,
    Protected,
    NotConfigured,
    NotSupported,
}

impl From<&VmDetail> for Kind {
    fn from(detail: &VmDetail) -> Self {
        match (&detail.summary.support, &detail.policy) {
            (Support::Unsupported { .. }, _) => Self::NotSupported,
            (_, Some(_)) => Self::Protected,
            (_, None) => Self::NotConfigured,
        }
    }
}

#[component]
pub(crate) fn Connect(vm: VmId) -> impl IntoView {
    let name = vm.name().to_owned();
    set_page_title(move || name.clone());
    let SignedIn { client, clock, .. } = SignedIn::of_page();
    let live = Live::new(move |detail| desk::pace(detail, clock.exact_now()), move || client.read_vm(&vm));
    let kind = Memo::new(move |_| match (live.get(), live.failure()) {
        (_, Some(failure)) if failure.is_not_found() => Kind::Failed,
        (Some(detail), _) => Kind::from(&detail),
        (None, Some(_)) => Kind::Failed,
        (None, None) => Kind::Waiting,
    });
    move || match (kind.get(), live.get_untracked()) {
        (Kind::Waiting, _) => view! { <Skeleton/> },
        (Kind::Failed, _) | (_, None) => view! { <Failed live/> },
        (kind, Some(first)) => view! { <Known live first kind/> },
    }
}

#[component]
fn Failed(live: Live<VmDetail>) -> impl IntoView {
    let language = language();
    let failure = move || live.failure().map(|failure| view! { <FailureNotice failure/> });
    view! {
        <h1>{say!(language, connect.no_vm)}</h1>
        {failure}
        <p><a class="button" href="/">{say!(language, common.all_vms)}</a></p>
    }
}

/// What the parts of the page that come later are about.
#[derive(Clone, Copy)]
struct Subject {
    live: Live<VmDetail>,
    detail: Memo<VmDetail>,
}

pub(crate) fn not_configured() -> View {
    let Subject { live, detail } = expect_context();
    view! { <NotConfigured live detail/> }
}

pub(crate) fn not_supported() -> View {
    let Subject { detail, .. } = expect_context();
    view! { <NotSupported detail/> }
}

#[component]
fn Known(live: Live<VmDetail>, first: VmDetail, kind: Kind) -> impl IntoView {
    let detail = Memo::new(move |_| live.get().unwrap_or_else(|| first.clone()));
    provide_context(Subject { live, detail });
    let main = match kind {
        Kind::NotSupported => later::not_supported(),
        Kind::NotConfigured => later::not_configured(),
        Kind::Waiting | Kind::Failed | Kind::Protected => view! { <Protected live detail/> },
    };
    view! {
        <div class="connect">
            <div class="connect__main">
                <Title detail/>
                {main}
            </div>
            <Facts detail/>
        </div>
    }
}
