//! Which language is spoken. The boot script chooses it before the first text, from what was kept and what the browser
//! asks for, and writes it to the page's `lang`.

use leptos::prelude::*;

pub(crate) use crate::model::language::{Language, say};
use crate::{browser, model::language::tag};

const KEY: &str = "postern.language";

/// The language of every text; whoever tracks it is made anew when it changes.
#[derive(Clone, Copy)]
pub(crate) struct Spoken(RwSignal<Language>);

impl Spoken {
    /// Speaks as the page does.
    pub(crate) fn provide() -> Self {
        let page = document().document_element().and_then(|root| root.get_attribute("lang"));
        let spoken = Self(RwSignal::new(page.and_then(|tag| tag.parse().ok()).unwrap_or_default()));
        provide_context(spoken);
        spoken
    }

    /// Tracked.
    pub(crate) fn get(self) -> Language {
        self.0.get()
    }

    /// Speaks this one from now on, also at the next visit.
    pub(crate) fn keep_and_apply(self, language: Language) {
        browser::store(KEY, Some(tag(language)));
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("lang", tag(language));
        }
        self.0.set(language);
    }
}

/// The language that the component which is being made now speaks as long as it stands.
pub(crate) fn language() -> Language {
    use_context::<Spoken>().map(|spoken| spoken.0.get_untracked()).unwrap_or_default()
}

/// The one that is not spoken now.
pub(crate) const fn other(language: Language) -> Language {
    match language {
        Language::en => Language::zh_TW,
        Language::zh_TW => Language::en,
    }
}
