use super::{Trouble, Worries};
use crate::{
    components::{state_mark::Shape, steps::Steps},
    language::{language, say},
    model::port_state::Tone,
    pages::connect::desk::Desk,
    prelude::*,
};

/// One's own opening is on its way.
#[component]
pub(super) fn Progress(desk: Desk, written: bool) -> impl IntoView {
    let language = language();
    let told = if written {
        say!(language, connect.progress_written)
    } else {
        say!(language, connect.progress_asked)
    };
    view! {
        <div class="block block--moving">
            <h2 class="block__head"><Shape tone=Tone::Silent/>{say!(language, connect.opening)}</h2>
            <p class="visually-hidden">{told}</p>
            <Steps written/>
            <Trouble desk/>
            <Worries desk under_way=true/>
        </div>
    }
}
