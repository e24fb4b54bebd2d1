//! Lists whose items stay what they are while others come and go.

use std::rc::Rc;

use reactive_graph::{graph::untrack, owner::Owner};

use super::{
    View,
    live::{Stretch, follow, insert_before, remove},
};

/// An item that is in the page.
struct Item {
    key: String,
    stretch: Stretch,
    /// Ends what the item follows when the item goes.
    _owner: Owner,
}

type Make = Box<dyn FnOnce() -> View>;

/// A view for each thing of a list. Things of the same key are the same: their view stays.
pub(crate) fn keyed<T: 'static>(
    mut each: impl FnMut() -> Vec<T> + 'static,
    key: impl Fn(&T) -> String + 'static,
    view: impl Fn(T) -> View + 'static,
) -> View {
    let view = Rc::new(view);
    listed(Box::new(move || {
        let item = |thing: T| {
            let (key, view) = (key(&thing), view.clone());
            (key, Box::new(move || view(thing)) as Make)
        };
        each().into_iter().map(item).collect()
    }))
}

fn listed(mut wanted: Box<dyn FnMut() -> Vec<(String, Make)>>) -> View {
    let list = Stretch::new();
    let whole = list.in_fragment();
    let parent = Owner::current().unwrap_or_default();
    let mut shown: Vec<Item> = Vec::new();
    follow(Box::new(move || {
        let wanted = wanted();
        let mut kept = Vec::with_capacity(wanted.len());
        let mut before = std::mem::take(&mut shown);
        before.retain(|item| {
            let stays = wanted.iter().any(|(key, _)| *key == item.key);
            if !stays {
                item.stretch.remove();
            }
            stays
        });
        let mut here = list.start.next_sibling();
        for (key, make) in wanted {
            let item = match before.iter().position(|item| item.key == key) {
                Some(place) => before.remove(place),
                None => made(&parent, key, make),
            };
            if here.as_ref() != Some(&item.stretch.start) {
                let before = here.as_ref().unwrap_or(&list.end);
                item.stretch.nodes_with_marks().iter().for_each(|node| insert_before(before, node));
            }
            here = item.stretch.end.next_sibling();
            kept.push(item);
        }
        shown = kept;
    }));
    whole.into()
}

fn made(parent: &Owner, key: String, make: Make) -> Item {
    let stretch = Stretch::new();
    let _fragment = stretch.in_fragment();
    let owner = parent.with(Owner::new);
    let view = owner.with(|| untrack(make));
    if let Some(node) = view.node() {
        insert_before(&stretch.end, node);
    }
    Item { key, stretch, _owner: owner }
}

impl Stretch {
    fn nodes_with_marks(&self) -> Vec<web_sys::Node> {
        let mut all = vec![self.start.clone()];
        all.extend(self.nodes());
        all.push(self.end.clone());
        all
    }

    fn remove(&self) {
        self.nodes_with_marks().iter().for_each(remove);
    }
}
