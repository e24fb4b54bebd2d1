use leptos::prelude::*;

use crate::{language::language, model::failure::Failure};

/// What went wrong, with every reason; read out at once.
#[component]
pub(crate) fn FailureNotice(#[prop(into)] failure: Failure) -> impl IntoView {
    let language = language();
    let details = failure.details(language);
    let list = (!details.is_empty()).then(|| {
        let items = details.into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
        view! { <ul class="notice__details">{items}</ul> }
    });
    view! {
        <div class="notice notice--danger" role="alert">
            <p>{failure.message(language)}</p>
            {list}
        </div>
    }
}

/// The same for a failure that comes and goes.
#[component]
pub(crate) fn MaybeFailure(#[prop(into)] failure: Signal<Option<Failure>>) -> impl IntoView {
    move || failure.get().map(|failure| view! { <FailureNotice failure/> })
}
