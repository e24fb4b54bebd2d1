//! Enabling JIT on VMs, or changing how they are protected: one or many at once.

use std::time::Duration;

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
    components::{empty::Empty, notice::FailureNotice, page_title::set_page_title, skeleton::Skeleton},
    language::{language, say},
    model::{failure::Failure, link, policy_form::hindrance},
    prelude::*,
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
            Ok(vms) => view! { <Read vms/> },
            Err(_) => view! { <Nobody too_many=asked.with(|asked| asked.len() > VmIds::MAX)/> },
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
    let asked = vms.clone();
    Effect::new(move |_| {
        again.track();
        let asked = asked.clone();
        spawn(async move {
            loop {
                let reason = match client.read_policies(&asked).await {
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
    move || match (failure.get(), read.get()) {
        (Some(failure), _) => view! { <Unread failure vms=vms.clone()/> },
        (None, Some(vms)) if vms.iter().any(|vm| hindrance(vm).is_some()) => {
            view! { <Blocked vms/> }
        }
        (None, Some(vms)) => view! { <Editing vms reload/> },
        (None, None) => view! { <Skeleton/> },
    }
}

/// No policies came. Where some of the VMs are not there, one can go on with the others.
#[component]
fn Unread(failure: Failure, vms: VmIds) -> impl IntoView {
    let language = language();
    let missing: Vec<VmId> = match &failure {
        Failure::Refused { problem, .. } => {
            let targets = problem.details.iter().filter_map(|detail| detail.target.as_ref());
            targets.filter_map(|target| target.parse().ok()).collect()
        }
        _ => Vec::new(),
    };
    let others: Vec<VmId> = vms.as_slice().iter().filter(|vm| !missing.contains(vm)).cloned().collect();
    let others = if missing.is_empty() { Vec::new() } else { others };
    let title =
        if others.is_empty() { say!(language, connect.no_vm) } else { say!(language, protect.some_missing) };
    set_page_title(move || title.to_owned());
    view! {
        <h1>{title}</h1>
        <FailureNotice failure/>
        <p class="policy__way">
            {go_on(others)}
            <a class="button" href="/">{say!(language, common.all_vms)}</a>
        </p>
    }
}

/// The way on with those that can be configured, if there are any.
fn go_on(others: Vec<VmId>) -> View {
    if others.is_empty() {
        return ().into_view();
    }
    let route = Route::here();
    let text = say!(language(), protect.without_these, count = others.len());
    let go = move |_| route.rename(&link::policy(&others));
    view! { <button type="button" class="button button--primary" on:click=go>{text}</button> }
}
