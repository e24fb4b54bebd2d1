use leptos::prelude::*;
use shared::vm::VmId;

use super::words;
use crate::{browser, components::time::AbsoluteTime, model::step::Step};

#[component]
pub(super) fn StepRow(step: Step) -> impl IntoView {
    let who = step.actor().unwrap_or(words::POSTERN).to_owned();
    let at = step.at().map(|at| view! { <AbsoluteTime at/> });
    let vm = step.vm().map(|vm| view! { <VmLink vm/> });
    let kind = format!("row step step--{}", step.kind());
    view! {
        <tr class=kind>
            <td data-label=words::TIME class="step__time">{at}</td>
            <td data-label=words::WHO class="row__user">{who}</td>
            <td data-label=words::VM>{vm}</td>
            <td data-label=words::WHAT class="step__what"><Details step/></td>
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
    let correlation = step.correlation_id().map(str::to_owned).map(|id| {
        view! {
            <dt>{words::CORRELATION}</dt>
            <dd><code>{id}</code></dd>
        }
    });
    let (hash, json) = (step.hash().to_owned(), step.event_json());
    view! {
        <details class="fold">
            <summary>{step.summary.clone()}</summary>
            <dl class="facts">
                {correlation}
                <dt>{words::entry(step.seq())}</dt>
                <dd><code>{hash}</code></dd>
            </dl>
            <pre class="json">{json}</pre>
        </details>
    }
}
