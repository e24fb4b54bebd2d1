use shared::api::{VmState, VmSummary};

use super::{Shown, cells, list::RowSignal, row_menu::row_menu};
use crate::{
    components::policy_dialog::PolicyChange,
    language::{language, say},
    model::{link, vm_list::Tab},
    prelude::*,
};

/// A VM as a row, which a narrow screen shows as a card. `before`: how many rows stand before those of its block.
pub(super) fn row(shown: Shown, tab: Tab, vm: RowSignal, before: ArcRwSignal<usize>, at: usize) -> View {
    let first = vm.get_untracked();
    let index = move || (before.get() + at + 2).to_string();
    let place = {
        let vm = vm.clone();
        move || vm.with(|vm| format!("{} · {}", vm.vm.resource_group(), vm.subscription_name))
    };
    let title = place.clone();
    let failure = shown.list.failure;
    let pick = (tab != Tab::Unsupported).then(|| pick(shown, vm.clone()));
    let actions = actions(shown, tab, &first);
    let name = first.vm.name().to_owned();
    let href = link::connect(&first.vm);
    view! {
        <tr class="row" role="row" aria-rowindex=index>
            {pick}
            <th scope="row" role="rowheader" class="row__name">
                <a class="row__link" href=href>{name}</a>
                <span class="row__place" title=title>{place}</span>
            </th>
            {move || vm.with(|vm| cells::of(tab, vm, failure))}
            <td role="cell" class="row__actions">{actions}</td>
        </tr>
    }
}

/// Selects the row; with the shift key, all rows from the one before.
fn pick(shown: Shown, vm: RowSignal) -> View {
    let label = vm.with_untracked(|vm| say!(language(), select.one, vm = vm.vm.name()));
    let id = vm.with_untracked(|vm| vm.vm.clone());
    let selection = shown.selection;
    let is_selected = move || selection.with(|selection| selection.holds(&id));
    let click = move |event: tachys::html::event::MouseEvent| {
        let on = event_target_checked(&event);
        let rows = event.shift_key().then(|| shown.list.rows());
        selection.update(|selection| selection.set(&vm.get_untracked(), on, rows.as_deref()));
    };
    view! {
        <td role="cell" class="row__pick">
            <label class="pick">
                <input type="checkbox" class="pick__box" aria-label=label prop:checked=is_selected on:click=click/>
            </label>
        </td>
    }
}

fn actions(shown: Shown, tab: Tab, vm: &VmSummary) -> View {
    let language = language();
    let about = |action: &'static str| say!(language, vms.about, action = action, vm = vm.vm.name());
    let main = match tab {
        Tab::Configured => {
            let text = say!(language, common.connect);
            let href = link::connect(&vm.vm);
            let label = about(text);
            Some(view! { <a class="button" href=href aria-label=label>{text}</a> })
        }
        Tab::NotConfigured if vm.rights.configure => {
            let text = say!(language, common.enable);
            let (vm, label, change) = (vm.clone(), about(text), shown.change);
            let enable = move |_| change.set(Some(PolicyChange::Enable(vec![vm.clone()])));
            Some(
                view! { <button type="button" class="button" aria-label=label on:click=enable>{text}</button> },
            )
        }
        Tab::NotConfigured | Tab::Unsupported => None,
    };
    let menu = row_menu(vm, tab, shown.change);
    view! { <div class="row__buttons">{main}{menu}</div> }
}

/// Whether its state has an end to tell.
pub(super) const fn may_be_open(state: VmState) -> bool {
    matches!(state, VmState::Open | VmState::PossiblyOpen)
}
