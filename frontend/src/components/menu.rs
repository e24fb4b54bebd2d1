use wasm_bindgen::JsCast;
use web_sys::{HtmlDetailsElement, Node};

use crate::prelude::*;

/// Whether a click within a menu closes it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// It is a list of things to do.
    OnClick,
    /// It has fields.
    OnLeaving,
}

/// What is shown when it is asked for. Browsers keep one menu of a `group` open at a time; leaving it closes it, and so
/// does the escape key, which gives the focus back to the button.
#[component]
pub(crate) fn Menu(
    group: &'static str,
    label: String,
    /// What the button shows.
    face: View,
    class: &'static str,
    closing: Closing,
    on_open: Callback<()>,
    children: View,
) -> impl IntoView {
    let menu = Reference::new();
    let element = move || menu.get::<HtmlDetailsElement>();
    let close = move || {
        if let Some(menu) = element() {
            menu.set_open(false);
        }
    };
    let left = move |event: tachys::html::event::FocusEvent| {
        let to = event.related_target().and_then(|target| target.dyn_into::<Node>().ok());
        if !element().is_some_and(|menu| menu.contains(to.as_ref())) {
            close();
        }
    };
    let escape = move |event: tachys::html::event::KeyboardEvent| {
        let Some(menu) = element().filter(|menu| menu.open() && event.key() == "Escape") else {
            return;
        };
        close();
        if let Ok(Some(button)) = menu.query_selector("summary") {
            let _ = button.unchecked_into::<web_sys::HtmlElement>().focus();
        }
    };
    let toggled = move |_| {
        if element().is_some_and(|menu| menu.open()) {
            on_open.run(());
        }
    };
    let clicked = move |_| {
        if closing == Closing::OnClick {
            close();
        }
    };
    view! {
        <details
            class="menu"
            name=group
            node_ref=menu
            on:focusout=left
            on:keydown=escape
            on:toggle=toggled
        >
            <summary class=class aria-label=label>{face}</summary>
            <div class="menu__panel" tabindex=-1 on:click=clicked>{children}</div>
        </details>
    }
}
