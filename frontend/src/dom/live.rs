//! What is made anew when a signal changes.

use leptos_dom::helpers::document;
use reactive_graph::{effect::RenderEffect, owner::StoredValue};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, Node, Text};

use super::{IntoView, View, fragment};
use crate::reactive::Act;

/// Runs `act` now, and again whenever a signal changes that it read; until the owner is gone.
pub(super) fn follow(mut act: Box<dyn Act>) {
    StoredValue::new_local(RenderEffect::new(move |_: Option<()>| act.act()));
}

/// Makes a view again and again. Behind `FnMut` it would have a second function, for being called once.
pub(crate) trait Make {
    fn make(&mut self) -> View;
}

impl<T: IntoView, F: FnMut() -> T> Make for F {
    fn make(&mut self) -> View {
        self().into_view()
    }
}

/// What `make` says now, and whenever a signal changes that it read.
pub(crate) fn live(mut make: Box<dyn Make>) -> View {
    let stretch = Stretch::new();
    let whole = stretch.in_fragment();
    follow(Box::new(move || stretch.show(make.make())));
    whole.into()
}

/// Nodes that are filled anew: what lies between two marks.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub start: Node,
    pub end: Node,
}

impl Stretch {
    pub(super) fn new() -> Self {
        let mark = || Node::from(document().create_comment(""));
        Self { start: mark(), end: mark() }
    }

    /// The marks, in a fragment of their own.
    pub(super) fn in_fragment(&self) -> Node {
        let fragment = fragment();
        let _ = fragment.append_child(&self.start);
        let _ = fragment.append_child(&self.end);
        fragment
    }

    pub(super) fn nodes(&self) -> Vec<Node> {
        let next = |node: &Node| node.next_sibling().filter(|next| *next != self.end);
        std::iter::successors(next(&self.start), next).collect()
    }

    fn show(&self, view: View) {
        let old = self.nodes();
        if let (Some(new), [old]) = (view.0.dyn_ref::<Text>(), old.as_slice())
            && let Some(old) = old.dyn_ref::<Text>()
        {
            if old.data() != new.data() {
                old.set_data(&new.data());
            }
            return;
        }
        let active = document().active_element();
        old.iter().for_each(remove);
        if let Some(node) = view.node() {
            insert_before(&self.end, node);
        }
        if !old.is_empty() {
            carry_all(old, self.nodes(), active.as_ref());
        }
    }
}

/// Takes the focus and what somebody unfolded from old nodes to the new ones that stand in their place.
fn carry_all(old: Vec<Node>, new: Vec<Node>, active: Option<&Element>) {
    for (old, new) in old.into_iter().zip(new) {
        if old.node_name() == new.node_name()
            && let (Some(old), Some(new)) = (old.dyn_ref::<Element>(), new.dyn_ref::<HtmlElement>())
        {
            if active == Some(old) {
                let _ = new.focus();
            }
            if old.tag_name() == "DETAILS" && old.has_attribute("open") {
                let _ = new.set_attribute("open", "");
            }
            carry_all(children(old), children(new), active);
        }
    }
}

fn children(node: &Node) -> Vec<Node> {
    std::iter::successors(node.first_child(), Node::next_sibling).collect()
}

pub(super) fn insert_before(place: &Node, node: &Node) {
    if let Some(parent) = place.parent_node() {
        let _ = parent.insert_before(node, Some(place));
    }
}

pub(super) fn remove(node: &Node) {
    if let Some(parent) = node.parent_node() {
        let _ = parent.remove_child(node);
    }
}
