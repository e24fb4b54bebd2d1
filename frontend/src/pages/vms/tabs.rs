use leptos::prelude::*;

use crate::{
    language::{language, say},
    model::vm_list::Tab,
};

/// The three lists as links, each with its count.
#[component]
pub(super) fn Tabs(tab: Memo<Tab>, counts: Memo<Option<[usize; 3]>>) -> impl IntoView {
    let language = language();
    let link = move |n: usize, of: Tab| {
        let current = move || (tab.get() == of).then_some("page");
        let count =
            move || counts.get().and_then(|counts| counts.get(n).copied()).map(|count| count.to_string());
        view! {
            <a class="tab" href=format!("/?list={}", of.as_str()) aria-current=current>
                {of.word(language)}
                {" "}
                <span class="tab__count">{count}</span>
            </a>
        }
    };
    let links = Tab::ALL.into_iter().enumerate().map(|(n, of)| link(n, of)).collect_view();
    view! { <nav class="tabs" aria-label=say!(language, vms.lists)>{links}</nav> }
}
