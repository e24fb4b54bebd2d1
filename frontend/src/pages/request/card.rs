use shared::api::{Support, VmDetail};

use super::{Known, desk::Desk, line::PortLine};
use crate::{
    browser,
    components::{contact::Contact, notice::FailureNotice, state_mark::StateMark},
    language::{language, say},
    model::{failure::Failure, link, port_state::Tone},
    prelude::*,
};

/// One VM with its ports, or why nothing can be asked of it.
#[component]
pub(super) fn VmCard(desk: Desk, one: Known) -> impl IntoView {
    let name = one.vm.name().to_owned();
    let id = format!("vm-{}", one.vm.key());
    let labelled = id.clone();
    let body = match &one.answer {
        Some(Ok(detail)) => known(desk, detail),
        Some(Err(failure)) => unknown(failure.clone()),
        None => ().into_view(),
    };
    let (place, mark) = match &one.answer {
        Some(Ok(detail)) => {
            let summary = &detail.summary;
            let place = format!("{} · {}", summary.vm.resource_group(), summary.subscription_name);
            (place, Some(Tone::from(summary.state)))
        }
        _ => (one.vm.resource_group().to_owned(), None),
    };
    let mark = mark.map(|tone| view! { <StateMark tone/> });
    view! {
        <section class="asked" aria-labelledby=labelled>
            <header class="asked__head">
                <h2 class="asked__name" id=id><a href=link::connect(&one.vm)>{name}</a></h2>
                <span class="muted">{place}</span>
                {mark}
            </header>
            {body}
        </section>
    }
}

fn unknown(failure: Failure) -> View {
    view! { <FailureNotice failure/><p class="muted">{say!(language(), many.left_out)}</p> }
}

fn known(desk: Desk, detail: &VmDetail) -> View {
    let language = language();
    if detail.policy.is_some() {
        let vm = &detail.summary.vm;
        let lines = desk
            .lines
            .get_value()
            .into_iter()
            .filter(|line| line.vm() == *vm)
            .map(|line| view! { <PortLine desk line/> })
            .collect_view();
        let contact = (!detail.summary.rights.request).then(|| view! { <Contact/> });
        return view! { <ul class="asked__lines">{lines}</ul>{contact} };
    }
    let (why, way_out) = match (&detail.summary.support, detail.summary.rights.configure) {
        (Support::Unsupported { .. }, _) => (say!(language, many.unsupported), view! { <Contact/> }),
        (_, true) => {
            let href = format!("/policy?vm={}", browser::encoded(&detail.summary.vm.to_string()));
            let enable = view! { <a class="button" href=href>{say!(language, common.enable)}</a> };
            (say!(language, connect.not_guarded_text), enable.into_view())
        }
        (_, false) => (say!(language, connect.not_guarded_text), view! { <Contact/> }),
    };
    view! { <p>{why}</p><p class="muted">{say!(language, many.left_out)}</p>{way_out} }
}
