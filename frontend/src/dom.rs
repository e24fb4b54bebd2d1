//! What pages show, as values of one type. The signals, effects and owners are Leptos's; the elements are made at once,
//! and what changes later is made anew by an effect of its own.
//!
//! Leptos's own views are a type for each piece of a page, and code for each type: several times as much to download.

use leptos_dom::helpers::document;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Node;

mod event;
mod given;
mod keyed;
mod live;
mod markup;

pub(crate) use self::{
    event::handler,
    given::IntoGiven,
    keyed::keyed,
    live::live,
    markup::{Markup, Reference},
};

/// A piece of a page: a node, a fragment of several, or nothing, which is `undefined`.
#[derive(Debug)]
pub(crate) struct View(JsValue);

impl View {
    pub(crate) const NOTHING: Self = Self(JsValue::UNDEFINED);

    /// The nodes that are to be put into the page, if there are any.
    fn node(&self) -> Option<&Node> {
        if self.0.is_undefined() { None } else { Some(self.0.unchecked_ref()) }
    }
}

impl From<Node> for View {
    fn from(node: Node) -> Self {
        Self(node.into())
    }
}

/// What a component makes: its arguments are its fields.
pub(crate) trait Component {
    fn view(self) -> View;
}

/// What can stand in a page.
pub(crate) trait IntoView {
    fn into_view(self) -> View;
}

impl IntoView for View {
    fn into_view(self) -> View {
        self
    }
}

impl IntoView for () {
    fn into_view(self) -> View {
        View::NOTHING
    }
}

impl IntoView for &str {
    fn into_view(self) -> View {
        View(document().create_text_node(self).into())
    }
}

impl IntoView for String {
    fn into_view(self) -> View {
        self.as_str().into_view()
    }
}

impl<T: IntoView> IntoView for Option<T> {
    fn into_view(self) -> View {
        self.map_or(View::NOTHING, T::into_view)
    }
}

impl IntoView for Vec<View> {
    fn into_view(self) -> View {
        self.collect_view()
    }
}

impl<F, T> IntoView for F
where
    F: FnMut() -> T + 'static,
    T: IntoView,
{
    fn into_view(self) -> View {
        live(Box::new(self))
    }
}

/// Signals that can stand in a page themselves.
macro_rules! signals {
    ($($signal:ident),*) => {$(
        impl<T> IntoView for crate::reactive::$signal<T>
        where
            T: IntoView + Clone + 'static,
        {
            fn into_view(self) -> View {
                live(Box::new(move || self.get()))
            }
        }
    )*};
}
signals!(Memo, RwSignal, Signal);

/// Several views one after the other.
pub(crate) trait CollectView {
    fn collect_view(self) -> View;
}

impl<I: IntoIterator<Item = T>, T: IntoView> CollectView for I {
    fn collect_view(self) -> View {
        let fragment = fragment();
        for item in self {
            append(&fragment, &item.into_view());
        }
        fragment.into()
    }
}

/// Puts a view at the end of an element.
pub(crate) fn mount(place: &Node, view: View) {
    append(place, &view);
}

fn fragment() -> Node {
    document().create_document_fragment().into()
}

/// The document refuses only what would contain itself.
fn append(parent: &Node, child: &View) {
    if let Some(node) = child.node() {
        let _ = parent.append_child(node);
    }
}
