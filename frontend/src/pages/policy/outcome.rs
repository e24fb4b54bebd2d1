use super::editor::Editor;
use crate::{
    browser,
    components::state_mark::StateMark,
    language::{Language, language, say},
    model::{link, saved::SavedVm},
    prelude::*,
};

/// What saving came to: of each VM, as it was read back.
#[component]
pub(super) fn Outcome(editor: Editor) -> impl IntoView {
    let language = language();
    let saved = editor.saved.get_untracked()?;
    let (class, text) = if saved.is_whole() {
        ("notice", say!(language, protect.saved_text))
    } else {
        ("notice notice--danger", say!(language, protect.saved_in_part))
    };
    let lines = saved.vms.iter().map(|vm| line(vm, language)).collect_view();
    request_animation_frame(|| browser::focus("main"));
    Some(view! {
        <h1>{say!(language, protect.saved, vms = editor.named(language))}</h1>
        <p class=class role="status">{text}</p>
        <ul class="policy__saved">{lines}</ul>
        <p class="policy__way"><a class="button" href="/">{say!(language, common.all_vms)}</a></p>
    })
}

fn line(vm: &SavedVm, language: Language) -> View {
    let SavedVm { summary, trouble } = vm;
    let name = summary.vm.name();
    let trouble = trouble.clone().map(|text| view! { <p class="policy__trouble">{text}</p> });
    let connect = say!(language, common.connect);
    let label = say!(language, vms.about, action = connect, vm = name);
    view! {
        <li class="policy__done">
            <span class="policy__name">{name.to_owned()}</span>
            <StateMark tone=summary.state.into()/>
            <a class="button" href=link::connect(&summary.vm) aria-label=label>{connect}</a>
            {trouble}
        </li>
    }
}
