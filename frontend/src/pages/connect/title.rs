use shared::api::VmDetail;

use crate::{
    language::{language, say},
    model::vm_list::{os_name, power_name},
    prelude::*,
};

#[component]
pub(super) fn Title(detail: Memo<VmDetail>) -> impl IntoView {
    let language = language();
    let name = move || detail.with(|detail| detail.summary.vm.name().to_owned());
    let place = move || {
        detail.with(|detail| {
            format!("{} · {}", detail.summary.vm.resource_group(), detail.summary.subscription_name)
        })
    };
    let facts = move || {
        detail.with(|detail| {
            let summary = &detail.summary;
            let address = detail.network.connect_to().map(|address| format!(" · {address}"));
            let (os, power) = (os_name(summary.os, language), power_name(summary.power, language));
            format!("{os} · {power}{}", address.unwrap_or_default())
        })
    };
    view! {
        <header class="title">
            <p class="title__back"><a href="/">{say!(language, common.all_vms)}</a></p>
            <h1 class="title__name">{name}</h1>
            <p class="title__place">{place}</p>
            <p class="title__facts">{facts}</p>
        </header>
    }
}
