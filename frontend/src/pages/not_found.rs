use leptos::prelude::*;

use crate::components::page_title::set_page_title;

mod words {
    pub(super) const TITLE: &str = "Nothing here";
    pub(super) const TEXT: &str = "This address names no page and no VM. Check it, or look the VM up:";
    pub(super) const VMS: &str = "All VMs";
}

#[component]
pub(crate) fn NotFound() -> impl IntoView {
    set_page_title(|| words::TITLE.to_owned());
    view! {
        <div class="empty">
            <h1 class="empty__title">{words::TITLE}</h1>
            <p>{words::TEXT}</p>
            <p><a class="button" href="/">{words::VMS}</a></p>
        </div>
    }
}
