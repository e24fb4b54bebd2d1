use crate::{language::language, model::failure::Failure, prelude::*};

/// What went wrong, with every reason; read out at once.
#[component]
pub(crate) fn FailureNotice(failure: Failure) -> impl IntoView {
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

/// Why a page cannot say what is true; that Postern does not answer is said above every page already.
#[component]
pub(crate) fn PageFailure(failure: Signal<Option<Failure>>) -> impl IntoView {
    let shown = Memo::new(move |_| failure.get().filter(|failure| *failure != Failure::Unreachable));
    move || shown.get().map(|failure| view! { <FailureNotice failure/> })
}

/// What went wrong with something that was asked for, as long as it is so.
#[component]
pub(crate) fn MaybeFailure(failure: Signal<Option<Failure>>) -> impl IntoView {
    move || failure.get().map(|failure| view! { <FailureNotice failure/> })
}
