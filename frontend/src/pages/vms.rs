//! The VMs in three lists, and the way to each VM's page.

use std::time::Duration;

use leptos::prelude::*;
use shared::api::{VmList, VmSummary};

mod row;
mod row_menu;
mod table;
mod tabs;

use self::{table::Table, tabs::Tabs};
use crate::{
    components::{
        notice::PageFailure,
        page_title::set_page_title,
        policy_dialog::{PolicyChange, PolicyDialog},
        skeleton::SkeletonRows,
        time::Ago,
    },
    language::{language, say},
    live::Live,
    model::vm_list::{Tab, matching},
    route::Route,
    session::SignedIn,
};

const PACE: Duration = Duration::from_secs(15);
/// How many rows are shown at first, and with each *Show more*.
const ROWS: usize = 200;

/// What the page's parts share.
#[derive(Clone, Copy)]
struct Shown {
    tab: Memo<Tab>,
    needle: RwSignal<String>,
    rows: Memo<Vec<VmSummary>>,
    limit: RwSignal<usize>,
    change: RwSignal<Option<PolicyChange>>,
}

#[component]
pub(crate) fn Vms() -> impl IntoView {
    let language = language();
    set_page_title(move || say!(language, vms.title).to_owned());
    let client = SignedIn::of_page().client;
    let live = Live::new(|_: &VmList| PACE, move || client.list_vms());
    let route = Route::here();
    let tab = Memo::new(move |_| Tab::from_query(route.query("list").as_deref()));
    let (needle, limit) = (RwSignal::new(String::new()), RwSignal::new(ROWS));
    let vms = Memo::new(move |_| live.get().map(|list| list.vms));
    let rows = Memo::new(move |_| {
        vms.with(|vms| vms.as_ref().map(|vms| matching(vms, tab.get(), &needle.get())).unwrap_or_default())
    });
    let shown = Shown { tab, needle, rows, limit, change: RwSignal::new(None) };
    let counts =
        Memo::new(move |_| vms.with(|vms| vms.as_ref().map(|vms| Tab::ALL.map(|tab| tab.count(vms)))));
    let loaded = Memo::new(move |_| vms.with(Option::is_some));
    let failure = Signal::derive(move || live.failure());
    let body = move || {
        if loaded.get() {
            view! { <Table shown/> }.into_any()
        } else if failure.with(Option::is_none) {
            view! { <SkeletonRows/> }.into_any()
        } else {
            ().into_any()
        }
    };
    view! {
        <div class="heading">
            <h1>{say!(language, vms.title)}</h1>
            <Search needle/>
        </div>
        <Tabs tab counts/>
        <PageFailure failure/>
        {body}
        <Inventory live/>
        <PolicyDialog change=shown.change on_done=Callback::new(move |()| live.reload())/>
    }
}

#[component]
fn Search(needle: RwSignal<String>) -> impl IntoView {
    let what = say!(language(), vms.search);
    view! {
        <input
            class="input search"
            type="search"
            placeholder=what
            aria-label=what
            autocomplete="off"
            spellcheck="false"
            prop:value=needle
            on:input=move |event| needle.set(event_target_value(&event))
        />
    }
}

/// How old the list of VMs is, and what it lacks.
#[component]
fn Inventory(live: Live<VmList>) -> impl IntoView {
    let language = language();
    let facts = Memo::new(move |_| live.get().map(|list| (list.inventory_at, list.unreadable)));
    move || {
        let (at, unreadable) = facts.get()?;
        let age = match at {
            Some(at) => view! { <p class="muted">{say!(language, vms.inventory)}<Ago at/></p> }.into_any(),
            None => view! { <p class="muted">{say!(language, vms.no_inventory)}</p> }.into_any(),
        };
        let missing = unreadable
            .into_iter()
            .map(|reason| view! { <p class="notice notice--warn">{say!(language, vms.unreadable, reason = reason)}</p> })
            .collect_view();
        Some(view! { <footer class="footnote">{missing}{age}</footer> })
    }
}
