//! What somebody is typing, kept in this tab until it is sent: an ended session or a reload loses nothing. It never
//! leaves the browser, and is gone with the tab. A name should hold whose it is: another person may sign in here.

use leptos_dom::helpers::window;
use web_sys::Storage;

fn storage() -> Option<Storage> {
    window().session_storage().ok()?
}

fn name(key: &str) -> String {
    format!("postern.draft.{key}")
}

/// Keeps a draft in the place of the last one under this name; a browser that keeps nothing is no failure.
pub(crate) fn keep(key: &str, text: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(&name(key), text);
    }
}

/// The draft under this name, which is not kept any longer.
pub(crate) fn take(key: &str) -> Option<String> {
    let (storage, name) = (storage()?, name(key));
    let text = storage.get_item(&name).ok()?;
    let _ = storage.remove_item(&name);
    text
}
