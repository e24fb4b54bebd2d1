use shared::api::PortState;

use super::{Checked, Worries};
use crate::{
    components::{state_mark::Shape, time::clock_time},
    language::{language, say},
    model::{
        lease::{Phase, phase},
        port_state::Tone,
    },
    pages::connect::{desk::Desk, words},
    prelude::*,
    session::SignedIn,
};

/// Nothing of one's own is open: what is true of the port as such.
#[component]
pub(super) fn Resting(desk: Desk) -> impl IntoView {
    let language = language();
    let state = Memo::new(move |_| desk.status().map(|status| status.state));
    let block = move || {
        let Some(state) = state.get() else { return ().into_view() };
        let tone = Tone::from(&state);
        let word = match state {
            PortState::Open { .. } => say!(language, connect.open_for_others),
            PortState::Closed | PortState::PossiblyOpen { .. } => tone.word(language),
        };
        let ended = (tone != Tone::Open).then(|| view! { <Ended desk/> });
        view! {
            <div class=format!("block block--{}", tone.as_str())>
                <h2 class="block__head"><Shape tone/>{word}</h2>
                <Worries desk under_way=false/>
                {ended}
                <Checked desk/>
            </div>
        }
    };
    view! { {block} }
}

/// What became of the opening that was asked for here.
#[component]
fn Ended(desk: Desk) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let language = language();
    let text = Memo::new(move |_| {
        let now = clock.coarse_now();
        let own = desk.own.get()?;
        match phase(&own, now) {
            Phase::Closed { reason, at } => {
                let time = clock_time(at, now, language);
                let ended = words::ended(reason, time, own.trouble.as_deref(), language);
                Some(format!("{ended}{}", words::sessions(&own.lease.sessions, language)))
            }
            Phase::Opening { .. } | Phase::Open { .. } | Phase::Closing { .. } => None,
        }
    });
    move || text.get().map(|text| view! { <p>{text}</p> })
}
