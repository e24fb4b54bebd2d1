use shared::api::VmSummary;

use crate::{
    components::{
        icon::Icon,
        menu::{Closing, Menu},
        policy_dialog::PolicyChange,
    },
    language::{language, say},
    model::{link, selection::page_about, vm_list::Tab},
    prelude::*,
};

/// What may be done with the VM of a row.
pub(super) fn row_menu(vm: &VmSummary, tab: Tab, change: RwSignal<Option<PolicyChange>>) -> View {
    let language = language();
    let label = say!(language, vms.about, action = say!(language, vms.actions), vm = vm.vm.name());
    let about = |page| page_about(page, [vm].into_iter());
    let is_configured = tab == Tab::Configured;
    let request = (is_configured && vm.rights.request)
        .then(|| item(link::connect(&vm.vm), say!(language, request.title)));
    let edit = (tab != Tab::Unsupported && vm.rights.configure).then(|| {
        let text = if is_configured { say!(language, vms.edit) } else { say!(language, vms.customise) };
        item(about("/policy"), text)
    });
    let log = item(about("/activity"), say!(language, facts.activity));
    let remove = (is_configured && vm.rights.remove).then(|| {
        let vm = vm.clone();
        let remove = move |_| change.set(Some(PolicyChange::Remove(vec![vm.clone()])));
        let text = say!(language, common.remove);
        view! { <button type="button" class="menu__item" on:click=remove>{text}</button> }
    });
    let face = view! { <Icon name="more"/> };
    view! {
        <Menu
            group="row-menu"
            label
            face
            class="button button--bare"
            closing=Closing::OnClick
            on_open=Callback::new(|()| ())
        >
            {request}
            {edit}
            {log}
            {remove}
        </Menu>
    }
}

fn item(href: String, text: &'static str) -> View {
    view! { <a class="menu__item" href=href>{text}</a> }
}
