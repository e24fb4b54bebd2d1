use crate::{
    components::page_title::set_page_title,
    language::{language, say},
    prelude::*,
};

#[component]
pub(crate) fn NotFound() -> impl IntoView {
    let language = language();
    let title = say!(language, not_found.title);
    set_page_title(move || title.to_owned());
    view! {
        <div class="empty">
            <h1 class="empty__title">{title}</h1>
            <p>{say!(language, not_found.text)}</p>
            <p><a class="button" href="/">{say!(language, common.all_vms)}</a></p>
        </div>
    }
}
