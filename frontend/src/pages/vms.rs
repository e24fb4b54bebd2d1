//! The VMs in three lists, and the way to each VM's page.

mod bar;
mod cells;
mod filters;
mod list;
mod row;
mod row_menu;
mod search;
mod table;
mod tabs;

use self::{
    bar::SelectionBar,
    filters::Filters,
    list::List,
    search::Search,
    table::{Table, Waiting},
    tabs::Tabs,
};
use crate::{
    components::{
        empty::Empty,
        notice::PageFailure,
        page_title::set_page_title,
        policy_dialog::{PolicyChange, PolicyDialog},
    },
    language::{Language, language, say},
    model::{selection::Selection, vm_list::Tab, vm_query::Query},
    prelude::*,
    route::Route,
    session::SignedIn,
};

/// What the page's parts share.
#[derive(Clone, Copy)]
struct Shown {
    query: Memo<Query>,
    list: List,
    selection: RwSignal<Selection>,
    change: RwSignal<Option<PolicyChange>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Empty,
    Rows,
}

#[component]
pub(crate) fn Vms() -> impl IntoView {
    let language = language();
    set_page_title(move || say!(language, vms.title).to_owned());
    let route = Route::here();
    let query = Memo::new(move |_| Query::read(&|name| route.query(name)));
    let list = List::new(SignedIn::of_page().client, query);
    let selection = RwSignal::new(Selection::default());
    let shown = Shown { query, list, selection, change: RwSignal::new(None) };
    let stage = Memo::new(move |_| {
        let count = list.blocks.with(|blocks| {
            let count: usize = blocks.iter().map(|block| block.count).sum();
            let is_whole = blocks.last().is_some_and(|last| last.through.is_none());
            (count, is_whole)
        });
        match count {
            (0, true) => Stage::Empty,
            (0, false) => Stage::Waiting,
            _ => Stage::Rows,
        }
    });
    let tab = Memo::new(move |_| query.with(|query| query.tab));
    let body = move || match (stage.get(), tab.get()) {
        (Stage::Waiting, _) => view! { <Waiting list/> },
        (Stage::Empty, _) => view! { <EmptyList shown/> },
        (Stage::Rows, tab) => view! { <Table shown tab/> },
    };
    let said = RwSignal::new(String::new());
    let done = Callback::new(move |()| {
        said.set(shown.change.with_untracked(|change| {
            change.as_ref().map(|change| change.done(language)).unwrap_or_default()
        }));
        selection.update(Selection::clear);
        list.reload();
    });
    view! {
        <div class="heading">
            <h1>{say!(language, vms.title)}</h1>
            <Search shown/>
        </div>
        <Tabs shown/>
        <Filters shown/>
        <PageFailure failure=list.failure.into()/>
        <Unreadable list/>
        <p class="said" role="status">{said}</p>
        {body}
        <SelectionBar shown/>
        <PolicyDialog change=shown.change on_done=done/>
    }
}

/// Which VMs are missing, and why.
#[component]
fn Unreadable(list: List) -> impl IntoView {
    let language = language();
    let reasons = Memo::new(move |_| {
        list.head.with(|head| head.as_ref().map(|head| head.unreadable.clone()).unwrap_or_default())
    });
    let one = move |reason: String| {
        view! { <p class="notice notice--warn">{say!(language, vms.unreadable, reason = reason)}</p> }
    };
    move || reasons.get().into_iter().map(one).collect_view()
}

#[component]
fn EmptyList(shown: Shown) -> impl IntoView {
    let language = language();
    let route = Route::here();
    move || {
        let query = shown.query.get();
        if !query.is_filtered() {
            let (title, text) = nothing(query.tab, language);
            return view! { <Empty title=title.to_owned() text=text.to_owned()/> };
        }
        let bare = query.without_filters().address();
        let (title, text) = (say!(language, vms.no_match), say!(language, vms.no_match_text));
        view! {
            <Empty title=title.to_owned() text=text.to_owned()/>
            <p class="empty__way">
                <button type="button" class="button" on:click=move |_| route.go(&bare)>
                    {say!(language, filter.clear)}
                </button>
            </p>
        }
    }
}

/// What it means that a list is empty.
fn nothing(tab: Tab, language: Language) -> (&'static str, &'static str) {
    match tab {
        Tab::Configured => (say!(language, vms.none_configured), say!(language, vms.none_configured_text)),
        Tab::NotConfigured => (say!(language, vms.all_configured), say!(language, vms.all_configured_text)),
        Tab::Unsupported => (say!(language, vms.none_unsupported), say!(language, vms.none_unsupported_text)),
    }
}
