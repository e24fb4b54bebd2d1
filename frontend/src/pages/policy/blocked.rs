use shared::api::VmPolicy;

use super::go_on;
use crate::{
    components::page_title::set_page_title,
    language::{Language, language, say},
    model::{
        policy_form::{Hindrance, hindrance},
        unsupported,
    },
    prelude::*,
};

/// Some of the VMs cannot be configured: which, why, and the way on without them.
#[component]
pub(super) fn Blocked(vms: Vec<VmPolicy>) -> impl IntoView {
    let language = language();
    let title = say!(language, protect.blocked);
    set_page_title(move || title.to_owned());
    let lines = vms.iter().filter_map(|vm| line(vm, language)).collect_view();
    let others: Vec<_> =
        vms.iter().filter(|vm| hindrance(vm).is_none()).map(|vm| vm.summary.vm.clone()).collect();
    view! {
        <h1>{title}</h1>
        <ul class="policy__blocked">{lines}</ul>
        <p class="policy__way">
            {go_on(others)}
            <a class="button" href="/">{say!(language, common.all_vms)}</a>
        </p>
    }
}

fn line(vm: &VmPolicy, language: Language) -> Option<View> {
    let name = vm.summary.vm.name();
    let (reason, remedy) = match hindrance(vm)? {
        Hindrance::NotPermitted => {
            let whom = say!(language, connect.whom_to_ask, group = vm.summary.vm.resource_group());
            (say!(language, protect.not_permitted), whom)
        }
        Hindrance::Unsupported(why) => {
            (unsupported::reason(why, language), unsupported::remedy(why, language).to_owned())
        }
    };
    let said = say!(language, protect.blocked_vm, vm = name, reason = reason);
    Some(view! { <li><p>{said}</p><p class="muted">{remedy}</p></li> })
}
