//! Access to many VMs at once: what is asked for, what the law says of each part, and how far it is.

use shared::{api::VmDetail, grant::GrantId, vm::VmId};

mod bar;
mod card;
mod common;
mod desk;
mod line;
mod sent;

use self::{bar::Bar, card::VmCard, common::Common, desk::Desk, sent::Sent};
use crate::{
    browser,
    components::{empty::Empty, page_title::set_page_title, skeleton::SkeletonRows},
    language::{language, say},
    model::failure::Failure,
    prelude::*,
    route::Route,
    session::SignedIn,
};

/// A VM of the request with what is known of it.
#[derive(Clone)]
struct Known {
    vm: VmId,
    /// `None`: not yet.
    answer: Option<Result<VmDetail, Failure>>,
}

#[component]
pub(crate) fn RequestMany() -> impl IntoView {
    let language = language();
    set_page_title(move || say!(language, request.title).to_owned());
    let route = Route::here();
    let vms = untrack(|| named(&route.queries("vm")));
    let grants: Vec<GrantId> =
        untrack(|| route.queries("grant").iter().filter_map(|text| text.parse().ok()).collect());
    let body = if vms.is_empty() && grants.is_empty() {
        view! {
            <Empty title=say!(language, many.no_vms).to_owned() text=say!(language, many.no_vms_text).to_owned()/>
            <p class="ways-out"><a class="button" href="/">{say!(language, common.all_vms)}</a></p>
        }
    } else {
        view! { <Reading vms grants/> }
    };
    view! {
        <h1>{say!(language, request.title)}</h1>
        {body}
    }
}

/// The VMs that the address names, each once.
fn named(texts: &[String]) -> Vec<VmId> {
    let mut vms: Vec<VmId> = Vec::new();
    for vm in texts.iter().filter_map(|text| text.parse().ok()) {
        if !vms.contains(&vm) {
            vms.push(vm);
        }
    }
    vms
}

/// Reads every VM before the form stands, so that nothing jumps.
#[component]
fn Reading(vms: Vec<VmId>, grants: Vec<GrantId>) -> impl IntoView {
    let client = SignedIn::of_page().client;
    let language = language();
    let all = vms.len();
    let known: Vec<Known> = vms.into_iter().map(|vm| Known { vm, answer: None }).collect();
    let known = RwSignal::new(known);
    for n in 0..all {
        let vm = known.with_untracked(|known| known[n].vm.clone());
        spawn(async move {
            let answer = client.read_vm(&vm).await;
            known.update(|known| known[n].answer = Some(answer));
        });
    }
    let read =
        Memo::new(move |_| known.with(|known| known.iter().filter(|one| one.answer.is_some()).count()));
    let done = Memo::new(move |_| read.get() == all);
    move || {
        if done.get() {
            let (known, grants) = (known.get_untracked(), grants.clone());
            return view! { <Form known grants/> };
        }
        view! {
            <p class="muted" role="status">{move || say!(language, many.reading, count = read.get(), all)}</p>
            <SkeletonRows/>
        }
    }
}

#[component]
fn Form(known: Vec<Known>, grants: Vec<GrantId>) -> impl IntoView {
    let SignedIn { session, client, .. } = SignedIn::of_page();
    let desk = Desk::new(&known, grants);
    let owner = session.get_untracked().requester.id;
    desk.keep_draft(format!("request.{owner}.{}", browser::path_and_query()));
    let tasks = crate::task::Tasks::here();
    let submit = move |event: tachys::html::event::SubmitEvent| {
        event.prevent_default();
        if !desk.asking.get_untracked() && !desk.bodies.with_untracked(Vec::is_empty) {
            tasks.run(desk.send(client));
        }
    };
    let cards = known.into_iter().map(|one| view! { <VmCard desk one/> }).collect_view();
    let hidden = move || desk.is_done.get();
    view! {
        <Sent desk/>
        <form class="many" hidden=hidden aria-label=say!(language(), request.title) novalidate on:submit=submit>
            <Common desk/>
            <div class="many__vms">{cards}</div>
            <Bar desk/>
        </form>
    }
}
