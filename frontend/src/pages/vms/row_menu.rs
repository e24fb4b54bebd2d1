use leptos::{html::Details, prelude::*};
use shared::api::VmSummary;
use wasm_bindgen::JsCast;
use web_sys::Node;

use crate::{
    components::{icon::Icon, policy_dialog::PolicyChange},
    language::{language, say},
};

/// What is rarely wanted of a row. Browsers keep one such menu open at a time; leaving it closes it.
#[component]
pub(super) fn RowMenu(vm: VmSummary, change: RwSignal<Option<PolicyChange>>) -> impl IntoView {
    let menu = NodeRef::<Details>::new();
    let close = move || {
        if let Some(menu) = menu.get_untracked() {
            menu.set_open(false);
        }
    };
    let left = move |event: leptos::ev::FocusEvent| {
        let to = event.related_target().and_then(|target| target.dyn_into::<Node>().ok());
        if !menu.get_untracked().is_some_and(|menu| menu.contains(to.as_ref())) {
            close();
        }
    };
    let escape = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" {
            close();
        }
    };
    let language = language();
    let label = say!(language, vms.about, action = say!(language, vms.actions), vm = vm.vm.name());
    let remove = move |_| {
        close();
        change.set(Some(PolicyChange::Remove(vm.clone())));
    };
    view! {
        <details class="menu" name="row-menu" node_ref=menu on:focusout=left on:keydown=escape>
            <summary class="button button--bare" aria-label=label><Icon name="more"/></summary>
            <div class="menu__panel">
                <button type="button" class="menu__item" on:click=remove>{say!(language, common.remove)}</button>
            </div>
        </details>
    }
}
