use crate::prelude::*;

/// A drawing of the stylesheet, in the colour of the text around it; it says nothing by itself.
#[component]
pub(crate) fn Icon(name: &'static str) -> impl IntoView {
    view! { <span class=format!("icon icon--{name}") aria-hidden="true"></span> }
}
