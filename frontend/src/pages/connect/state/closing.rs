use super::{Checked, Trouble, Worries};
use crate::{
    components::state_mark::Shape,
    language::{language, say},
    model::port_state::Tone,
    pages::connect::desk::Desk,
    prelude::*,
};

/// The end has come and nobody has read it back as closed: possibly open until then.
#[component]
pub(super) fn Closing(desk: Desk, revoked: bool) -> impl IntoView {
    let language = language();
    let head = if revoked { say!(language, connect.closing) } else { say!(language, common.time_is_over) };
    view! {
        <div class="block block--possibly">
            <h2 class="block__head"><Shape tone=Tone::Possibly/>{head}</h2>
            <p>{say!(language, connect.closing_text)}</p>
            <Trouble desk/>
            <Worries desk under_way=true/>
            <Checked desk/>
        </div>
    }
}
