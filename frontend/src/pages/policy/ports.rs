use shared::port::Port;

use super::{
    editor::Editor,
    field::{anchor, objections},
    port::{ANOTHER, port},
};
use crate::{
    browser,
    language::{Language, language, say},
    model::{
        policy_form::{Field, PortRow},
        vm_list::port_name,
    },
    prelude::*,
};

/// The ports: what is recommended in one click, and each with everything about it.
#[component]
pub(super) fn Ports(editor: Editor) -> impl IntoView {
    let language = language();
    let ids =
        Memo::new(move |_| editor.form.with(|form| form.rows.iter().map(|row| row.id).collect::<Vec<_>>()));
    let rows = move || ids.get().into_iter().map(|id| port(editor, id)).collect_view();
    let another = move |_| {
        let added = editor.form.try_update(|form| editor.now.with_value(|now| form.add(None, now)));
        let Some(id) = added else { return };
        request_animation_frame(move || browser::focus(&anchor(Some(id), Field::Number)));
    };
    let defaults = move |_| {
        let form = editor.now.with_value(|now| editor.vms.with_value(|vms| now.with_defaults(vms)));
        editor.form.set(form);
    };
    let recommended = Port::RECOMMENDED.map(|port| suggestion(editor, port));
    view! {
        <section class="policy__part" id=anchor(None, Field::Ports) tabindex=-1>
            <h2>{say!(language, protect.ports)}</h2>
            <p class="muted">{say!(language, protect.ports_text)}</p>
            <div class="policy__suggested">
                <div class="chips" role="group" aria-label=say!(language, protect.suggested)>
                    {recommended.into_iter().collect_view()}
                </div>
                <button type="button" class="button" id=ANOTHER on:click=another>
                    {say!(language, protect.another)}
                </button>
                <button type="button" class="button" aria-describedby="defaults-text" on:click=defaults>
                    {say!(language, protect.defaults)}
                </button>
            </div>
            <p class="hint" id="defaults-text">{say!(language, protect.defaults_text)}</p>
            {rows}
            {move || gone(editor, language)}
            {objections(editor, None, Field::Ports)}
        </section>
    }
}

/// A recommended port: pressed while it is in the form.
fn suggestion(editor: Editor, port: Port) -> View {
    let is_there = Memo::new(move |_| editor.form.with(|form| form.has(port)));
    let toggle = move |_| {
        editor.form.update(|form| match form.rows.iter().find(|row| row.is_for(port)).map(|row| row.id) {
            Some(id) => form.remove(id),
            None => {
                editor.now.with_value(|now| form.add(Some(port), now));
            }
        });
    };
    let pressed = move || is_there.get().to_string();
    view! {
        <button type="button" class="policy__suggestion" aria-pressed=pressed on:click=toggle>
            {port_name(port)}
        </button>
    }
}

/// The ports of the VMs that are not in the form any longer.
fn gone(editor: Editor, language: Language) -> Vec<View> {
    let gone = editor.form.with(|form| {
        let is_gone = |row: &&PortRow| form.row(row.id).is_none();
        editor.now.with_value(|now| now.rows.iter().filter(is_gone).cloned().collect::<Vec<_>>())
    });
    let line = |row: PortRow| {
        let port = say!(language, protect.port_named, port = row.number.as_str());
        let label = say!(language, protect.put_back_port, port = port.as_str());
        let back = move |_| {
            editor.form.update(|form| form.rows.push(row.clone()));
            browser::focus(ANOTHER);
        };
        view! {
            <p class="policy__gone">
                <span>{say!(language, protect.gone, port)}</span>
                <button type="button" class="button button--quiet" aria-label=label on:click=back>
                    {say!(language, protect.put_back)}
                </button>
            </p>
        }
    };
    gone.into_iter().map(line).collect()
}
