use shared::{api::VmSummary, rbac::VmRights};

use super::Shown;
use crate::{
    components::{notice::MaybeFailure, policy_dialog::PolicyChange},
    language::{Language, language, say},
    model::{
        failure::Failure,
        selection::{Selection, page_about},
        vm_list::{Tab, grouped},
    },
    prelude::*,
    session::SignedIn,
    task::Tasks,
};

/// What may be done with the VMs that are selected; within thumb's reach.
#[component]
pub(super) fn SelectionBar(shown: Shown) -> impl IntoView {
    let language = language();
    let failure = RwSignal::new(None::<Failure>);
    let Shown { selection, query, .. } = shown;
    let tab = Memo::new(move |_| query.with(|query| query.tab));
    Effect::new(move |before: Option<Tab>| {
        let tab = tab.get();
        if before.is_some_and(|before| before != tab) {
            selection.update(Selection::clear);
        }
        tab
    });
    let has_any = Memo::new(move |_| selection.with(|selection| !selection.vms().is_empty()));
    let told = move || {
        selection.with(|selection| match selection.vms().len() {
            0 => String::new(),
            count if selection.is_full() => say!(language, select.count_full, count = count),
            count => say!(language, select.count, count = count),
        })
    };
    let actions = move || selection.with(|selection| actions(shown, tab.get(), selection.vms(), language));
    let all = every(shown, failure);
    let clear = move |_| selection.update(Selection::clear);
    view! {
        <div
            class="selection"
            role="region"
            aria-label=say!(language, select.title)
            hidden=move || !has_any.get()
        >
            <MaybeFailure failure=failure.into()/>
            <p class="selection__count" role="status">{told}</p>
            <div class="selection__pick">
                {all}
                <button type="button" class="button button--quiet" on:click=clear>{say!(language, select.clear)}</button>
            </div>
            <div class="selection__actions">{actions}</div>
        </div>
    }
}

/// *Select all 37 that match*, or as many as can be changed in one call.
fn every(shown: Shown, failure: RwSignal<Option<Failure>>) -> View {
    let Shown { selection, query, list, .. } = shown;
    let (client, tasks, busy) = (SignedIn::of_page().client, Tasks::here(), RwSignal::new(false));
    let language = language();
    let text = move || match list.total() {
        Some(total) if total <= Selection::MAX as u64 => {
            say!(language, select.every, count = grouped(total))
        }
        Some(total) => {
            say!(language, select.first, count = Selection::MAX, total = grouped(total))
        }
        None => say!(language, select.first_matching, count = Selection::MAX),
    };
    let has_all = move || {
        let total = list.total();
        selection.with(|selection| {
            selection.is_full() || total.is_some_and(|total| selection.vms().len() as u64 >= total)
        })
    };
    let select = move |_| {
        busy.set(true);
        let asked = query.with_untracked(|query| query.of_rows((None, None), Selection::MAX as u16));
        tasks.run(async move {
            let answer = client.page_vms(&asked).await;
            busy.set(false);
            match answer {
                Ok(page) => selection.update(|selection| selection.replace(page.vms)),
                Err(reason) => failure.set(Some(reason)),
            }
        });
    };
    view! {
        <button type="button" class="button button--quiet" disabled=busy hidden=has_all on:click=select>{text}</button>
    }
}

/// Each is offered for those VMs that it may be done with.
fn actions(shown: Shown, tab: Tab, vms: &[VmSummary], language: Language) -> View {
    let among = |may: fn(&VmRights) -> bool| -> Vec<VmSummary> {
        vms.iter().filter(|vm| may(&vm.rights)).cloned().collect()
    };
    let (ask, configure) = (among(|rights| rights.request), among(|rights| rights.configure));
    let remove = among(|rights| rights.remove);
    let go = |page: &str, vms: &[VmSummary], text: String, class: &'static str| {
        (!vms.is_empty()).then(|| view! { <a class=class href=page_about(page, vms.iter())>{text}</a> })
    };
    let count = configure.len();
    let change = shown.change;
    let button = |vms: &[VmSummary],
                  text: String,
                  class: &'static str,
                  change_to: fn(Vec<VmSummary>) -> PolicyChange| {
        (!vms.is_empty()).then(|| {
            let vms = vms.to_vec();
            let click = move |_| change.set(Some(change_to(vms.clone())));
            view! { <button type="button" class=class on:click=click>{text}</button> }
        })
    };
    let (plain, primary) = ("button", "button button--primary");
    let parts = match tab {
        Tab::Configured => [
            go("/request", &ask, say!(language, select.request, count = ask.len()), primary),
            go("/policy", &configure, say!(language, select.edit, count = count), plain),
            button(&remove, say!(language, select.remove, count = remove.len()), plain, PolicyChange::Remove),
        ],
        Tab::NotConfigured => {
            let text = match configure.first() {
                Some(vm) if count == 1 => say!(language, policy.enable_on, vm = vm.vm.name()),
                _ => say!(language, policy.enable_on_many, count = count),
            };
            [
                button(&configure, text, primary, PolicyChange::Enable),
                go("/policy", &configure, say!(language, vms.customise).to_owned(), plain),
                None,
            ]
        }
        Tab::Unsupported => [None, None, None],
    };
    let nothing = parts.iter().all(Option::is_none).then(|| say!(language, select.nothing));
    view! { {parts.into_iter().flatten().collect_view()}{nothing} }
}
