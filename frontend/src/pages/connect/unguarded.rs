use leptos::prelude::*;
use shared::api::{Support, VmDetail};

use super::words;
use crate::{
    components::{
        notice::MaybeFailure,
        policy_dialog::{PolicyChange, PolicyDialog},
        state_mark::Shape,
    },
    live::Live,
    model::port_state::Tone,
};

/// A VM without a policy: what that means, and the way out of it.
#[component]
pub(super) fn NotConfigured(live: Live<VmDetail>, detail: Memo<VmDetail>) -> impl IntoView {
    let change = RwSignal::new(None);
    let may = Memo::new(move |_| detail.with(|detail| detail.summary.rights.configure));
    let vm = detail.with_untracked(|detail| detail.summary.clone());
    let whom = words::whom_to_ask(&vm.vm);
    let enable = Callback::new(move |()| change.set(Some(PolicyChange::Enable(vm.clone()))));
    let way_out = move || {
        if may.get() {
            view! {
                <button
                    type="button"
                    class="button button--primary"
                    id="primary"
                    on:click=move |_| enable.run(())
                >
                    {words::ENABLE}
                </button>
            }
            .into_any()
        } else {
            view! { <p>{whom.clone()}</p> }.into_any()
        }
    };
    view! {
        <MaybeFailure failure=Signal::derive(move || live.failure())/>
        <section class="block block--silent" aria-label=words::STATE>
            <h2 class="block__head"><Shape tone=Tone::Silent/>{words::NOT_GUARDED}</h2>
            <p>{words::NOT_GUARDED_TEXT}</p>
        </section>
        {way_out}
        <PolicyDialog change on_done=Callback::new(move |()| live.reload())/>
    }
}

/// A VM that cannot be guarded: each reason with what would change it.
#[component]
pub(super) fn NotSupported(detail: Memo<VmDetail>) -> impl IntoView {
    let support = Memo::new(move |_| detail.with(|detail| detail.summary.support.clone()));
    let reasons = move || match support.get() {
        Support::Unsupported { reasons } => reasons,
        Support::Configured | Support::NotConfigured => Vec::new(),
    };
    let lines = move || {
        let line = |reason: shared::api::Unsupported| {
            view! { <li><p>{reason.reason()}{"."}</p><p class="muted">{reason.remedy()}{"."}</p></li> }
        };
        reasons().into_iter().map(line).collect_view()
    };
    view! {
        <section class="block block--silent" aria-label=words::STATE>
            <h2 class="block__head"><Shape tone=Tone::Silent/>{words::UNSUPPORTED}</h2>
            <ul class="block__reasons">{lines}</ul>
        </section>
    }
}
