use leptos::prelude::*;
use shared::api::VmSummary;

use super::{ROWS, Shown, row::Row};
use crate::{
    components::empty::Empty,
    language::{Language, language, say},
    model::vm_list::Tab,
};

fn columns(tab: Tab, language: Language) -> Vec<&'static str> {
    let own: &[&'static str] = match tab {
        Tab::Configured => &[
            say!(language, common.state),
            say!(language, vms.ports),
            say!(language, vms.approved),
            say!(language, vms.last_access),
            say!(language, vms.last_user),
        ],
        Tab::NotConfigured => &[say!(language, common.region)],
        Tab::Unsupported => &[say!(language, vms.reason), say!(language, vms.remedy)],
    };
    [&[say!(language, vms.name), say!(language, vms.system)], own].concat()
}

/// A row is made anew when anything about its VM has changed, and only then.
fn identity(vm: &VmSummary) -> String {
    serde_json::to_string(vm).unwrap_or_else(|_| vm.vm.key())
}

#[component]
pub(super) fn Table(shown: Shown) -> impl IntoView {
    let Shown { tab, rows, limit, change, .. } = shown;
    let language = language();
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    move || {
        if is_empty.get() {
            return view! { <EmptyList shown/> }.into_any();
        }
        let tab = tab.get();
        let visible = move || rows.with(|rows| rows.iter().take(limit.get()).cloned().collect::<Vec<_>>());
        let heads = columns(tab, language)
            .into_iter()
            .map(|name| view! { <th scope="col">{name}</th> })
            .collect_view();
        let actions = (tab != Tab::Unsupported).then(|| {
            let name = say!(language, vms.actions);
            view! { <th scope="col"><span class="visually-hidden">{name}</span></th> }
        });
        view! {
            <table class=format!("table table--{}", tab.as_str()) aria-label=tab.word(language)>
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
    let text = say!(language(), vms.more);
    let button =
        move || more().then(|| view! { <button type="button" class="button" on:click=show>{text}</button> });
    view! { <p>{button}</p> }
}

#[component]
fn EmptyList(shown: Shown) -> impl IntoView {
    let language = language();
    move || {
        let needle = shown.needle.get();
        let (title, text) = if needle.trim().is_empty() {
            let (title, text) = nothing(shown.tab.get(), language);
            (title.to_owned(), text)
        } else {
            let title = say!(language, vms.no_match, needle = needle.trim());
            (title, say!(language, vms.no_match_text))
        };
        view! { <Empty title text=text.to_owned()/> }
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
