use leptos::prelude::*;
use shared::{api::Step, vm::VmId};

use super::words;
use crate::{browser, components::time::AbsoluteTime};

#[component]
pub(super) fn StepRow(step: Step) -> impl IntoView {
    let record = &step.entry.record;
    let who = record.actor.as_ref().map_or_else(|| words::POSTERN.to_owned(), |actor| actor.name.clone());
    let at = record.at;
    let vm = record.vm.clone().map(|vm| view! { <VmLink vm/> });
    let kind = format!("row step step--{}", record.event.kind());
    view! {
        <tr class=kind>
            <td data-label=words::TIME class="step__time"><AbsoluteTime at/></td>
            <td data-label=words::WHO class="row__user">{who}</td>
            <td data-label=words::VM>{vm}</td>
            <td data-label=words::WHAT class="step__what">
                {step.summary.clone()}
                <Details step/>
            </td>
        </tr>
    }
}

/// The VM's name leads to its activity alone.
#[component]
fn VmLink(vm: VmId) -> impl IntoView {
    let href = format!("/activity?vm={}", browser::encoded(&vm.to_string()));
    view! { <a href=href>{vm.name().to_owned()}</a> }
}

/// What an auditor asks for next.
#[component]
fn Details(step: Step) -> impl IntoView {
    let entry = step.entry;
    let correlation = entry.record.event.correlation_id().map(str::to_owned).map(|id| {
        view! {
            <dt>{words::CORRELATION}</dt>
            <dd><code>{id}</code></dd>
        }
    });
    let json = serde_json::to_string_pretty(&entry.record.event).unwrap_or_default();
    view! {
        <details class="fold">
            <summary>{words::DETAILS}</summary>
            <dl class="facts">
                {correlation}
                <dt>{words::HASH}</dt>
                <dd><code>{entry.hash}</code></dd>
            </dl>
            <p class="muted">{words::entry(entry.seq)}</p>
            <pre class="json">{json}</pre>
        </details>
    }
}
