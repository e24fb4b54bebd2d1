//! Pieces of a page from what `view!` makes of them: a template, and what is filled in.

use leptos_dom::helpers::document;
use reactive_graph::{
    owner::{LocalStorage, Owner, StoredValue},
    traits::{GetValue, SetValue},
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, Event, HtmlElement, Node};

use super::{
    IntoGiven, IntoView, View, append,
    event::Handler,
    fragment,
    given::{IntoValue, Value, Work},
    live::follow,
};

// The marks of a template's steps. Those from ATTRIBUTE on stand where something is filled in.
const OPEN: u8 = 1;
const CLOSE: u8 = 2;
const TEXT: u8 = 3;
const FIXED: u8 = 4;
const PROPERTY: u8 = 6;
const CLASS: u8 = 7;
const STYLE: u8 = 8;
const LAST: u8 = 14;

const SVG: &str = "http://www.w3.org/2000/svg";

/// A piece that is being made.
pub(crate) struct Markup {
    /// What is left of the template.
    rest: &'static str,
    whole: Node,
    /// What is open.
    here: Node,
}

impl Markup {
    pub(crate) fn new(template: &'static str) -> Box<Self> {
        let whole = fragment();
        Box::new(Self { rest: template, here: whole.clone(), whole })
    }

    /// What stands in the next place for something.
    pub(crate) fn child(self: Box<Self>, child: impl IntoView) -> Box<Self> {
        self.show(child.into_view())
    }

    fn show(mut self: Box<Self>, view: View) -> Box<Self> {
        self.walk();
        append(&self.here, &view);
        self
    }

    /// The value of the next attribute, property, class or style.
    pub(crate) fn set(self: Box<Self>, given: impl IntoGiven) -> Box<Self> {
        given.give(self)
    }

    pub(super) fn give(mut self: Box<Self>, value: Value) -> Box<Self> {
        let (mark, name) = self.walk();
        apply(self.here.unchecked_ref(), mark, name, value);
        self
    }

    pub(super) fn give_text(self: Box<Self>, text: &'static str) -> Box<Self> {
        self.give(text.into_value())
    }

    pub(super) fn give_live(mut self: Box<Self>, mut value: Box<dyn Work>) -> Box<Self> {
        let (mark, name) = self.walk();
        let element: Element = self.here.clone().unchecked_into();
        follow(Box::new(move || apply(&element, mark, name, value.work())));
        self
    }

    /// What is done on the next event.
    pub(crate) fn on(mut self: Box<Self>, handler: Handler) -> Box<Self> {
        let (_, name) = self.walk();
        // The browser frees it together with the element.
        let handler = Closure::<dyn FnMut(Event)>::wrap(under_the_same_owner(handler)).into_js_value();
        let _ = self.here.add_event_listener_with_callback(name, handler.unchecked_ref());
        self
    }

    /// By what the element is known elsewhere.
    pub(crate) fn refer(mut self: Box<Self>, reference: Reference) -> Box<Self> {
        self.walk();
        reference.0.set_value(Some(self.here.clone().unchecked_into()));
        self
    }

    #[expect(clippy::boxed_local, reason = "all steps of a piece pass the same box on")]
    pub(crate) fn done(mut self: Box<Self>) -> View {
        self.walk();
        self.whole.into()
    }

    /// Makes what stands before the next place where something is filled in; gives that place's mark and name.
    fn walk(&mut self) -> (u8, &'static str) {
        while let Some(mark) = self.rest.bytes().next() {
            let after = &self.rest[1..];
            let end = after.bytes().position(|byte| byte <= LAST).unwrap_or(after.len());
            let (what, rest) = after.split_at(end);
            self.rest = rest;
            match mark {
                OPEN => {
                    let namespace = matches!(what, "svg" | "path").then_some(SVG);
                    let made = match namespace {
                        Some(namespace) => document().create_element_ns(Some(namespace), what),
                        None => document().create_element(what),
                    };
                    if let Ok(element) = made {
                        let _ = self.here.append_child(&element);
                        self.here = element.into();
                    }
                }
                CLOSE => {
                    if let Some(parent) = self.here.parent_node() {
                        self.here = parent;
                    }
                }
                TEXT => append(&self.here, &what.into_view()),
                FIXED => {
                    let (name, value) = what.split_once('=').unwrap_or((what, ""));
                    let _ = self.here.unchecked_ref::<Element>().set_attribute(name, value);
                }
                mark => return (mark, what),
            }
        }
        (CLOSE, "")
    }
}

/// What happens finds the contexts of the place where its handler was made.
fn under_the_same_owner(mut handler: Handler) -> Box<dyn FnMut(Event)> {
    let owner = Owner::current().unwrap_or_default();
    Box::new(move |event| owner.with(|| handler.handle(event)))
}

fn apply(element: &Element, mark: u8, name: &str, value: Value) {
    let _ = match (mark, value) {
        (CLASS, value) => {
            element.class_list().toggle_with_force(name, matches!(value, Value::Flag(true))).map(drop)
        }
        (PROPERTY, Value::Flag(flag)) => set_property(element, name, flag.into()),
        (PROPERTY, Value::Text(text)) => set_property(element, name, (&*text).into()),
        (STYLE, Value::Text(text)) => {
            element.unchecked_ref::<HtmlElement>().style().set_property(name, &text)
        }
        (_, Value::Flag(false)) => element.remove_attribute(name),
        (_, Value::Flag(true)) => element.set_attribute(name, ""),
        (_, Value::Text(text)) => element.set_attribute(name, &text),
    };
}

fn set_property(element: &Element, name: &str, value: JsValue) -> Result<(), JsValue> {
    js_sys::Reflect::set(element, &name.into(), &value).map(drop)
}

/// An element that something is done with after it is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference(StoredValue<Option<Element>, LocalStorage>);

impl Reference {
    pub(crate) fn new() -> Self {
        Self(StoredValue::new_local(None))
    }

    /// The element once it is made. It is taken to be of the type that is asked for.
    pub(crate) fn get<T: JsCast>(self) -> Option<T> {
        self.0.get_value().map(Element::unchecked_into)
    }
}
