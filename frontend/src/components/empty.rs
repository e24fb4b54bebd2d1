use crate::prelude::*;

/// Stands where a list has nothing to show: what that means, and what to do about it.
#[component]
pub(crate) fn Empty(title: String, text: String) -> impl IntoView {
    view! {
        <div class="empty">
            <p class="empty__title">{title}</p>
            <p>{text}</p>
        </div>
    }
}
