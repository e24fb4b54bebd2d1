//! Enabling JIT on VMs, or changing how they are protected: one or many at once.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local_scoped_with_cancellation};
use shared::{
    api::{VmIds, VmPolicy},
    vm::VmId,
};

mod blocked;
mod changes;
mod editing;
mod editor;
mod field;
mod leave;
mod outcome;
mod port;
mod ports;
mod settings;
mod submit;

use self::{blocked::Blocked, editing::Editing};
use crate::{
    browser,
    components::{empty::Empty, notice::MaybeFailure, page_title::set_page_title, skeleton::Skeleton},
    language::{language, say},
    model::{failure::Failure, policy_form::hindrance},
    route::Route,
    session::SignedIn,
};

/// How soon to ask again where no answer came.
const RETRY: Duration = Duration::from_secs(3);

#[component]
pub(crate) fn Policy() -> impl IntoView {
    let route = Route::here();
    let asked = Memo::new(move |_| route.queries("vm"));
    move || {
        let mut vms: Vec<VmId> = asked.get().iter().filter_map(|text| text.parse().ok()).collect();
        let mut seen = Vec::with_capacity(vms.len());
        vms.retain(|vm| {
            let key = vm.key();
            let is_new = !seen.contains(&key);
            seen.push(key);
            is_new
        });
        match VmIds::try_from(vms) {
            Ok(vms) => view! { <Read vms/> }.into_any(),
            Err(_) => view! { <Nobody too_many=asked.with(|asked| asked.len() > VmIds::MAX)/> }.into_any(),
        }
    }
}

/// The page names no VM, or more than can be changed at once.
#[component]
fn Nobody(too_many: bool) -> impl IntoView {
    let language = language();
    let title = say!(language, protect.none);
    set_page_title(move || title.to_owned());
    let text = if too_many {
        say!(language, protect.too_many, count = VmIds::MAX)
    } else {
        say!(language, protect.none_text).to_owned()
    };
    view! {
        <h1 class="visually-hidden">{title}</h1>
        <Empty title=title.to_owned() text/>
        <p class="policy__way"><a class="button" href="/">{say!(language, common.all_vms)}</a></p>
    }
}

/// Reads the policies once; what is typed is not taken away by a newer reading.
#[component]
fn Read(vms: VmIds) -> impl IntoView {
    let client = SignedIn::of_page().client;
    let read: RwSignal<Option<Vec<VmPolicy>>> = RwSignal::new(None);
    let failure: RwSignal<Option<Failure>> = RwSignal::new(None);
    let again = Trigger::new();
    Effect::new(move |_| {
        again.track();
        let vms = vms.clone();
        spawn_local_scoped_with_cancellation(async move {
            loop {
                let reason = match client.read_policies(&vms).await {
                    Ok(list) => {
                        failure.set(None);
                        read.set(Some(list.vms));
                        break;
                    }
                    Err(reason) => reason,
                };
                let is_final = !reason.is_doubtful();
                if failure.with_untracked(|shown| shown.as_ref() != Some(&reason)) {
                    failure.set(Some(reason));
                }
                if is_final {
                    break;
                }
                browser::sleep_until_seen(RETRY).await;
            }
        });
    });
    let reload = Callback::new(move |()| again.notify());
    let page = move || match read.get() {
        Some(vms) if vms.iter().any(|vm| hindrance(vm).is_some()) => view! { <Blocked vms/> }.into_any(),
        Some(vms) => view! { <Editing vms reload/> }.into_any(),
        None if failure.with(Option::is_none) => view! { <Skeleton/> }.into_any(),
        None => view! { <Unread/> }.into_any(),
    };
    view! {
        <MaybeFailure failure/>
        {page}
    }
}

#[component]
fn Unread() -> impl IntoView {
    let language = language();
    view! {
        <h1>{say!(language, connect.no_vm)}</h1>
        <p class="policy__way"><a class="button" href="/">{say!(language, common.all_vms)}</a></p>
    }
}
