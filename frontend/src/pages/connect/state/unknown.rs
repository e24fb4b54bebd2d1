use crate::{
    components::state_mark::Shape,
    language::{language, say},
    model::{failure::Failure, port_state::Tone},
    prelude::*,
};

/// The server does not say what is true, so the page does not either.
#[component]
pub(super) fn Unknown(failure: Failure) -> impl IntoView {
    let language = language();
    view! {
        <div class="block block--possibly">
            <h2 class="block__head"><Shape tone=Tone::Possibly/>{say!(language, connect.unknown)}</h2>
            <p>{failure.message(language)}</p>
        </div>
    }
}
