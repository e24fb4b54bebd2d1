//! Which language is spoken. The boot script chooses it before the first text, from what was kept and what the browser
//! asks for, and writes it to the page's `lang`.

pub(crate) use crate::model::language::{Language, say};
use crate::{
    browser,
    model::language::{is_known, learn, tag},
    prelude::*,
};

const KEY: &str = "postern.language";

/// The language of every text; whoever tracks it is made anew when it changes.
#[derive(Clone, Copy)]
pub(crate) struct Spoken(RwSignal<Language>);

impl Spoken {
    /// Speaks as the page does.
    pub(crate) fn provide() -> Self {
        let page = document().document_element().and_then(|root| root.get_attribute("lang"));
        let language = page.and_then(|tag| tag.parse().ok()).unwrap_or_default();
        if let Some(table) = browser::first_texts() {
            learn(language, table);
        }
        let spoken = Self(RwSignal::new(language));
        provide_context(spoken);
        spoken
    }

    /// Tracked.
    pub(crate) fn get(self) -> Language {
        self.0.get()
    }

    /// Learns the language where it is not known yet, and speaks it from now on; whether it could be learnt.
    pub(crate) async fn change(self, language: Language) -> bool {
        if !is_known(language) {
            let Some(table) = browser::texts_of(tag(language)).await else { return false };
            learn(language, table);
        }
        self.keep_and_apply(language);
        true
    }

    /// Speaks this one from now on, also at the next visit.
    fn keep_and_apply(self, language: Language) {
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
