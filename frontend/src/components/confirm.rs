use web_sys::HtmlDialogElement;

use super::notice::MaybeFailure;
use crate::{
    language::{language, say},
    model::failure::Failure,
    prelude::*,
};

/// A question before something that is not undone by a click. It is open while `open` is; `on_close` has to end that.
#[component]
pub(crate) fn Confirm(
    open: Memo<bool>,
    title: Signal<String>,
    /// What the button that does it says.
    action: Signal<String>,
    busy: Signal<bool>,
    failure: Signal<Option<Failure>>,
    on_confirm: Callback<()>,
    on_close: Callback<()>,
    children: View,
) -> impl IntoView {
    let cancel = say!(language(), common.cancel);
    let dialog = Reference::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get::<HtmlDialogElement>() else { return };
        match (open.get(), dialog.open()) {
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    view! {
        <dialog class="dialog" node_ref=dialog aria-labelledby="dialog-title" on:close=move |_| on_close.run(())>
            <h2 class="dialog__title" id="dialog-title">{title}</h2>
            <div class="dialog__text">{children}</div>
            <MaybeFailure failure/>
            <div class="dialog__buttons">
                <button type="button" class="button" on:click=move |_| on_close.run(())>{cancel}</button>
                <button
                    type="button"
                    class="button button--primary"
                    disabled=busy
                    on:click=move |_| on_confirm.run(())
                >
                    {action}
                </button>
            </div>
        </dialog>
    }
}
