use leptos::prelude::*;

use super::words;
use crate::{
    components::state_mark::Shape,
    model::{failure::Failure, port_state::Tone},
};

/// The server does not say what is true, so the page does not either.
#[component]
pub(super) fn Unknown(failure: Failure) -> impl IntoView {
    view! {
        <div class="block block--possibly">
            <h2 class="block__head"><Shape tone=Tone::Possibly/>{words::UNKNOWN}</h2>
            <p>{failure.message()}</p>
        </div>
    }
}
