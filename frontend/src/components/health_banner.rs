use leptos::prelude::*;

use super::state_mark::Shape;
use crate::{model::port_state::Tone, session::SignedIn};

mod words {
    pub(super) const TIMER_SILENT: &str = "The timer that closes ports has been silent for 3 minutes: openings may end late. Tell whoever runs Postern.";

    pub(super) fn overdue(count: u64) -> String {
        match count {
            1 => "1 opening is past its end and not yet read back as closed; closing is tried again until it works."
                .to_owned(),
            _ => format!(
                "{count} openings are past their end and not yet read back as closed; closing is tried again until it works."
            ),
        }
    }
}

/// Says when closing cannot be relied upon.
#[component]
pub(crate) fn HealthBanner() -> impl IntoView {
    let session = SignedIn::of_page().session;
    let messages = Memo::new(move |_| {
        let health = session.get().health;
        let silent = health.timer_silent.then(|| words::TIMER_SILENT.to_owned());
        let overdue = (health.overdue > 0).then(|| words::overdue(health.overdue));
        silent.into_iter().chain(overdue).collect::<Vec<String>>()
    });
    let shown = move || messages.get().into_iter().map(|text| view! { <BannerLine text/> }).collect_view();
    view! { <div class="banners" role="status">{shown}</div> }
}

#[component]
fn BannerLine(text: String) -> impl IntoView {
    view! {
        <p class="banner">
            <Shape tone=Tone::Possibly/>
            {text}
        </p>
    }
}
