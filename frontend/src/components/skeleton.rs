use crate::{
    language::{language, say},
    prelude::*,
};

/// Stands where a page is going to be, in its shape.
#[component]
pub(crate) fn Skeleton() -> impl IntoView {
    let part = |kind: &str| view! { <div class=format!("skeleton skeleton--{kind}")></div> };
    view! {
        <div aria-busy="true">
            <p class="visually-hidden" role="status">{say!(language(), common.loading)}</p>
            {part("title")}
            {part("line")}
            {part("block")}
        </div>
    }
}

/// Stands where the rows of a list are going to be.
#[component]
pub(crate) fn SkeletonRows() -> impl IntoView {
    let rows = (0..6).map(|_| view! { <div class=format!("skeleton skeleton--row")></div> }).collect_view();
    view! {
        <div aria-busy="true">
            <p class="visually-hidden" role="status">{say!(language(), common.loading)}</p>
            {rows}
        </div>
    }
}
