use leptos::prelude::*;

use super::{Checked, Trouble, Worries, words};
use crate::{components::state_mark::Shape, model::port_state::Tone, pages::connect::desk::Desk};

/// The end has come and nobody has read it back as closed: possibly open until then.
#[component]
pub(super) fn Closing(desk: Desk, revoked: bool) -> impl IntoView {
    let head = if revoked { words::CLOSING } else { words::TIME_IS_OVER };
    view! {
        <div class="block block--possibly">
            <h2 class="block__head"><Shape tone=Tone::Possibly/>{head}</h2>
            <p>{words::CLOSING_TEXT}</p>
            <Trouble desk/>
            <Worries desk under_way=true/>
            <Checked desk/>
        </div>
    }
}
