//! Leptos's signals, memos, effects and callbacks, for values whose type is known to their user alone.
//!
//! Leptos compiles its graph anew for each type of value that a signal has. Here the graph tells who is to be told of a
//! change, and the values lie beside it in boxes: its code is there once.

use std::{
    any::Any,
    cell::{Ref, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
};

use leptos::{
    prelude::{ArcMemo, ArcTrigger, GetValue, LocalStorage, Notify, Track, untrack},
    reactive::traits::ReadUntracked,
};

mod callback;
mod context;
mod memo;
mod signal;
mod stored;

pub(crate) use self::{
    callback::Callback,
    context::{expect_context, provide_context, use_context},
    memo::{Memo, Signal},
    signal::{ArcRwSignal, RwSignal},
    stored::StoredValue,
};

/// A value of a type that its user knows.
type Value = RefCell<Box<dyn Any>>;

/// A value, and who is told when it changes.
struct Cell {
    value: Rc<Value>,
    source: Source,
}

enum Source {
    /// Nobody.
    Still,
    Set(ArcTrigger),
    /// Worked out from others: the number grows whenever it comes out otherwise.
    Memo(ArcMemo<u32>),
    /// Worked out from others each time it is asked for.
    Derived(Box<dyn Fn() -> Box<dyn Any>>),
}

/// Where a cell is as long as its owner stands.
type Place = leptos::prelude::StoredValue<Rc<Cell>, LocalStorage>;

impl Cell {
    fn new(value: Box<dyn Any>, source: Source) -> Rc<Self> {
        Rc::new(Self { value: Rc::new(RefCell::new(value)), source })
    }

    /// Tells the observer of changes from now on.
    fn track(&self) {
        match &self.source {
            Source::Still | Source::Derived(_) => {}
            Source::Set(trigger) => trigger.track(),
            Source::Memo(memo) => memo.track(),
        }
    }

    /// Works the value out where it may not be as it was.
    fn refresh(&self) {
        match &self.source {
            Source::Still | Source::Set(_) => {}
            Source::Memo(memo) => drop(memo.try_read_untracked()),
            Source::Derived(value) => {
                let fresh = value();
                // Who reads it while reading it gets what is there.
                if let Ok(mut value) = self.value.try_borrow_mut() {
                    *value = fresh;
                }
            }
        }
    }

    fn notify(&self) {
        if let Source::Set(trigger) = &self.source {
            trigger.notify();
        }
    }

    /// The old value is dropped when the new one can be read already.
    fn put(&self, value: Box<dyn Any>) {
        let old = self.value.replace(value);
        drop(old);
    }

    fn read(&self) -> Ref<'_, Box<dyn Any>> {
        self.refresh();
        self.value.borrow()
    }
}

fn placed(cell: Rc<Cell>) -> Place {
    Place::new_local(cell)
}

/// A signal lives as long as the page that made it; whoever asks for one that is gone has a fault.
fn cell_at(place: Place) -> Rc<Cell> {
    place.try_get_value().expect("a signal that is gone was asked for")
}

/// What lies in a cell, read as what it is.
fn with<T: 'static, R>(cell: &Cell, read: impl FnOnce(&T) -> R) -> R {
    read(known(&**cell.read()))
}

#[inline(never)]
fn known<T: 'static>(value: &dyn Any) -> &T {
    value.downcast_ref().expect("a cell holds what was put there")
}

fn update<T: 'static, R>(cell: &Cell, change: impl FnOnce(&mut T) -> R) -> R {
    let mut value = cell.value.borrow_mut();
    change(value.downcast_mut().expect("a cell holds what was put there"))
}

/// Runs `act` after the page is made, and whenever something changes that it read; what it gave last is given to it.
pub(crate) struct Effect;

impl Effect {
    pub(crate) fn new<T: 'static>(mut act: impl FnMut(Option<T>) -> T + 'static) -> Self {
        let mut last = None;
        effect(Box::new(move || last = Some(act(last.take()))));
        Self
    }
}

fn effect(mut act: Box<dyn FnMut()>) {
    leptos::prelude::Effect::new(move |_: Option<()>| act());
}

/// Work that ends with the owner that it is begun under.
pub(crate) fn spawn(work: impl Future<Output = ()> + 'static) {
    spawn_boxed(Box::pin(work));
}

fn spawn_boxed(work: Pin<Box<dyn Future<Output = ()>>>) {
    leptos::task::spawn_local_scoped_with_cancellation(work);
}

/// What `read` says, without following what it reads.
fn unfollowed(read: &mut dyn FnMut()) {
    untrack(read);
}
