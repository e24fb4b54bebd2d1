use leptos::prelude::*;
use shared::vm::VmId;

use crate::{
    browser, clock,
    components::{header::NAME, time::AbsoluteTime},
    language::{language, say},
    model::step::Step,
};

pub(super) const VM: &str = "VM";

#[component]
pub(super) fn StepRow(step: Step) -> impl IntoView {
    let language = language();
    let who = step.actor().unwrap_or(NAME).to_owned();
    let at = step.at().map(|at| view! { <AbsoluteTime at/> });
    let vm = step.vm().map(|vm| view! { <VmLink vm/> });
    let kind = format!("row step step--{}", step.kind());
    view! {
        <tr class=kind>
            <td data-label=say!(language, activity.time) class="step__time">{at}</td>
            <td data-label=say!(language, activity.who) class="row__user">{who}</td>
            <td data-label=VM>{vm}</td>
            <td data-label=say!(language, activity.what) class="step__what"><Details step/></td>
        </tr>
    }
}

/// The VM's name leads to its activity alone.
#[component]
fn VmLink(vm: VmId) -> impl IntoView {
    let href = format!("/activity?vm={}", browser::encoded(&vm.to_string()));
    view! { <a href=href>{vm.name().to_owned()}</a> }
}

/// The sentence, and behind it what an auditor asks for next.
#[component]
fn Details(step: Step) -> impl IntoView {
    let language = language();
    let correlation = step.correlation_id().map(str::to_owned).map(|id| {
        view! {
            <dt>{say!(language, activity.correlation)}</dt>
            <dd><code>{id}</code></dd>
        }
    });
    let (hash, json) = (step.hash().to_owned(), step.event_json());
    view! {
        <details class="fold">
            <summary>{step.sentence(clock::zone, language)}</summary>
            <dl class="facts">
                {correlation}
                <dt>{say!(language, activity.entry, number = step.seq())}</dt>
                <dd><code>{hash}</code></dd>
            </dl>
            <pre class="json">{json}</pre>
        </details>
    }
}
