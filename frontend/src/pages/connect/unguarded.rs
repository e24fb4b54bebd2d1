use shared::api::{Support, VmDetail};

use crate::{
    browser,
    components::{
        contact::Contact,
        notice::MaybeFailure,
        policy_dialog::{PolicyChange, PolicyDialog},
        state_mark::Shape,
    },
    language::{language, say},
    live::Live,
    model::{port_state::Tone, unsupported},
    prelude::*,
};

/// A VM without a policy: what that means, and the way out of it.
#[component]
pub(super) fn NotConfigured(live: Live<VmDetail>, detail: Memo<VmDetail>) -> impl IntoView {
    let language = language();
    let change = RwSignal::new(None);
    let may = Memo::new(move |_| detail.with(|detail| detail.summary.rights.configure));
    let vm = detail.with_untracked(|detail| detail.summary.clone());
    let whom = say!(language, connect.whom_to_ask, group = vm.vm.resource_group());
    let customise = format!("/policy?vm={}", browser::encoded(&vm.vm.to_string()));
    let enable = Callback::new(move |()| change.set(Some(PolicyChange::Enable(vec![vm.clone()]))));
    let way_out = move || {
        if may.get() {
            view! {
                <p class="ways-out">
                <button
                    type="button"
                    class="button button--primary"
                    id="primary"
                    on:click=move |_| enable.run(())
                >
                    {say!(language, common.enable)}
                </button>
                <a class="button" href=customise.clone()>{say!(language, connect.customise)}</a>
                </p>
            }
        } else {
            view! { <p>{whom.clone()}</p><Contact/> }
        }
    };
    view! {
        <MaybeFailure failure=Signal::derive(move || live.failure())/>
        <section class="block block--silent" aria-label=say!(language, common.state)>
            <h2 class="block__head"><Shape tone=Tone::Silent/>{say!(language, port.not_guarded)}</h2>
            <p>{say!(language, connect.not_guarded_text)}</p>
        </section>
        {way_out}
        <PolicyDialog change on_done=Callback::new(move |()| live.reload())/>
    }
}

/// A VM that cannot be guarded: each reason with what would change it.
#[component]
pub(super) fn NotSupported(detail: Memo<VmDetail>) -> impl IntoView {
    let language = language();
    let support = Memo::new(move |_| detail.with(|detail| detail.summary.support.clone()));
    let reasons = move || match support.get() {
        Support::Unsupported { reasons } => reasons,
        Support::Configured | Support::NotConfigured => Vec::new(),
    };
    let lines = move || {
        let line = |reason: shared::api::Unsupported| {
            let (why, remedy) =
                (unsupported::reason(reason, language), unsupported::remedy(reason, language));
            view! { <li><p>{why}</p><p class="muted">{remedy}</p></li> }
        };
        reasons().into_iter().map(line).collect_view()
    };
    view! {
        <section class="block block--silent" aria-label=say!(language, common.state)>
            <h2 class="block__head"><Shape tone=Tone::Silent/>{say!(language, vms.unsupported)}</h2>
            <ul class="block__reasons">{lines}</ul>
            <Contact/>
        </section>
    }
}
