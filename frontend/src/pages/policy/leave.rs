use super::editor::Editor;
use crate::{
    browser,
    components::confirm::Confirm,
    language::{language, say},
    prelude::*,
    route::Route,
};

/// Asks before something typed is left behind.
#[component]
pub(super) fn Leave(editor: Editor) -> impl IntoView {
    let language = language();
    let route = Route::here();
    let to: RwSignal<Option<String>> = RwSignal::new(None);
    route.hold(editor.is_unsaved, Callback::new(move |place| to.set(Some(place))));
    let open = Memo::new(move |_| to.with(Option::is_some));
    let leave = Callback::new(move |()| {
        let Some(place) = to.get_untracked() else { return };
        route.release();
        editor.forget_draft();
        route.go(&place);
        browser::focus("main");
    });
    view! {
        <Confirm
            open
            title=say!(language, protect.leave_title).to_owned().into()
            action=say!(language, protect.leave).to_owned().into()
            busy=Signal::stored(false)
            failure=Signal::stored(None)
            on_confirm=leave
            on_close=Callback::new(move |()| to.set(None))
        >
            <p>{say!(language, protect.leave_text)}</p>
        </Confirm>
    }
}
