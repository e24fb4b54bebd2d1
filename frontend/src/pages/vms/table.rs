use leptos::prelude::*;
use shared::api::VmSummary;

use super::{ROWS, Shown, row::Row, words};
use crate::{components::empty::Empty, model::vm_list::Tab};

const fn columns(tab: Tab) -> &'static [&'static str] {
    match tab {
        Tab::Configured => &[
            words::NAME,
            words::SYSTEM,
            words::STATE,
            words::PORTS,
            words::APPROVED,
            words::LAST_ACCESS,
            words::LAST_USER,
        ],
        Tab::NotConfigured => &[words::NAME, words::SYSTEM, words::REGION],
        Tab::Unsupported => &[words::NAME, words::SYSTEM, words::REASON, words::REMEDY],
    }
}

/// A row is made anew when anything about its VM has changed, and only then.
fn identity(vm: &VmSummary) -> String {
    serde_json::to_string(vm).unwrap_or_else(|_| vm.vm.key())
}

#[component]
pub(super) fn Table(shown: Shown) -> impl IntoView {
    let Shown { tab, rows, limit, change, .. } = shown;
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    move || {
        if is_empty.get() {
            return view! { <EmptyList shown/> }.into_any();
        }
        let tab = tab.get();
        let visible = move || rows.with(|rows| rows.iter().take(limit.get()).cloned().collect::<Vec<_>>());
        let heads = columns(tab).iter().map(|name| view! { <th scope="col">{*name}</th> }).collect_view();
        let actions = (tab != Tab::Unsupported)
            .then(|| view! { <th scope="col"><span class="visually-hidden">{words::ACTIONS}</span></th> });
        view! {
            <table class=format!("table table--{}", tab.as_str()) aria-label=words::tab(tab)>
                <thead><tr>{heads}{actions}</tr></thead>
                <tbody>
                    <For each=visible key=identity children=move |vm| view! { <Row vm tab change/> }/>
                </tbody>
            </table>
            <ShowMore shown/>
        }
        .into_any()
    }
}

#[component]
fn ShowMore(shown: Shown) -> impl IntoView {
    let more = move || shown.rows.with(Vec::len) > shown.limit.get();
    let show = move |_| shown.limit.update(|limit| *limit += ROWS);
    let button = move || {
        more().then(|| view! { <button type="button" class="button" on:click=show>{words::MORE}</button> })
    };
    view! { <p>{button}</p> }
}

#[component]
fn EmptyList(shown: Shown) -> impl IntoView {
    move || {
        let needle = shown.needle.get();
        let (title, text) = if needle.trim().is_empty() {
            let (title, text) = words::empty(shown.tab.get());
            (title.to_owned(), text.to_owned())
        } else {
            words::no_match(needle.trim())
        };
        view! { <Empty title text/> }
    }
}
