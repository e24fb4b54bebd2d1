use super::Shown;
use crate::{
    language::{language, say},
    model::vm_list::{Tab, grouped},
    prelude::*,
};

/// The three lists as links, each with its count.
#[component]
pub(super) fn Tabs(shown: Shown) -> impl IntoView {
    let language = language();
    let Shown { query, list, .. } = shown;
    let link = move |of: Tab| {
        let current = move || query.with(|query| query.tab == of).then_some("page");
        let to = move || query.with(|query| query.of_tab(of).address());
        let count = move || list.head.with(|head| head.as_ref().map(|head| grouped(of.count(&head.counts))));
        view! {
            <a class="tab" href=to aria-current=current>
                {of.word(language)}
                {" "}
                <span class="tab__count">{count}</span>
            </a>
        }
    };
    view! { <nav class="tabs" aria-label=say!(language, vms.lists)>{Tab::ALL.map(link).collect_view()}</nav> }
}
