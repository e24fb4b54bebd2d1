use crate::prelude::*;

/// Names the page in the browser's tab and history.
pub(crate) fn set_page_title(title: impl Fn() -> String + 'static) {
    Effect::new(move |_| document().set_title(&format!("{} · Postern", title())));
}
