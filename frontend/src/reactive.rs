//! Leptos's signals, memos, effects and callbacks, for values whose type is known to their user alone.
//!
//! Leptos compiles its graph anew for each type of value that a signal has. Here the graph tells who is to be told of a
//! change, and the values lie beside it in boxes: its code is there once.

use std::{any::Any, cell::RefCell, future::Future, pin::Pin, rc::Rc};

use reactive_graph::{
    computed::ArcMemo,
    graph::untrack,
    owner::LocalStorage,
    signal::ArcTrigger,
    traits::{GetValue, Notify, ReadUntracked, Track},
};

mod callback;
mod context;
mod memo;
mod signal;
mod stored;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    callback::Callback,
    context::{expect_context, provide_context, use_context},
    memo::{Memo, Signal},
    signal::{ArcRwSignal, RwSignal},
    stored::StoredValue,
};

/// A value of a type that its user knows. Who reads it holds it meanwhile, so that it may be set then.
type Value = Rc<Box<dyn Any>>;

/// A value, and who is told when it changes.
struct Cell {
    value: Rc<RefCell<Value>>,
    source: Source,
}

enum Source {
    /// Nobody.
    Still,
    Set(ArcTrigger),
    /// Worked out from others: the number grows whenever it comes out otherwise.
    Memo(ArcMemo<u32>),
    /// Worked out from others each time it is asked for.
    Derived(Box<dyn WorkOut>),
}

// Closures behind traits of their own: behind `Fn` each would have a second function, for being called once.

/// What is done again and again.
pub(crate) trait Act {
    fn act(&mut self);
}

impl<F: FnMut()> Act for F {
    fn act(&mut self) {
        self();
    }
}

trait WorkOut {
    fn work_out(&self) -> Box<dyn Any>;
}

impl<T: 'static, F: Fn() -> T> WorkOut for F {
    fn work_out(&self) -> Box<dyn Any> {
        Box::new(self())
    }
}

/// Where a cell is as long as its owner stands.
type Place = reactive_graph::owner::StoredValue<Rc<Cell>, LocalStorage>;

impl Cell {
    fn new(value: Box<dyn Any>, source: Source) -> Rc<Self> {
        Rc::new(Self { value: Rc::new(RefCell::new(Rc::new(value))), source })
    }

    /// Tells the observer of changes from now on.
    fn track(&self) {
        match &self.source {
            Source::Still | Source::Derived(_) => {}
            Source::Set(trigger) => trigger.track(),
            Source::Memo(memo) => memo.track(),
        }
    }

    fn notify(&self) {
        if let Source::Set(trigger) = &self.source {
            trigger.notify();
        }
    }

    fn put(&self, value: Box<dyn Any>) {
        let old = self.value.replace(Rc::new(value));
        drop(old);
    }

    /// The value as it is now.
    fn read(&self) -> Value {
        match &self.source {
            Source::Still | Source::Set(_) => {}
            Source::Memo(memo) => drop(memo.try_read_untracked()),
            Source::Derived(value) => return Rc::new(value.work_out()),
        }
        self.value.borrow().clone()
    }
}

fn placed(cell: Rc<Cell>) -> Place {
    Place::new_local(cell)
}

/// A signal lives as long as the page that made it; whoever asks for one that is gone has a fault.
fn cell_at(place: Place) -> Rc<Cell> {
    place.try_get_value().expect("a signal that is gone was asked for")
}

fn tracked(place: Place) -> Value {
    let cell = cell_at(place);
    cell.track();
    cell.read()
}

fn untracked(place: Place) -> Value {
    cell_at(place).read()
}

/// A value, read as what it is.
fn with<T: 'static, R>(value: Value, read: impl FnOnce(&T) -> R) -> R {
    let told = read(known(&**value));
    release(value);
    told
}

// The two are called wherever a value is read, and are shorter to call than to repeat.

#[inline(never)]
fn known<T: 'static>(value: &dyn Any) -> &T {
    value.downcast_ref().expect("a cell holds what was put there")
}

#[inline(never)]
fn release(value: Value) {
    drop(value);
}

/// Nobody may read the value while it changes.
fn update<T: 'static, R>(cell: &Cell, change: impl FnOnce(&mut T) -> R) -> R {
    let mut value = cell.value.replace(nothing());
    let known = Rc::get_mut(&mut value).and_then(|value| value.downcast_mut());
    let told = change(known.expect("a value changed while it was read"));
    release(cell.value.replace(value));
    told
}

fn nothing() -> Value {
    Rc::new(Box::new(()))
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

fn effect(mut act: Box<dyn Act>) {
    reactive_graph::effect::Effect::new(move |_: Option<()>| act.act());
}

/// Work that ends with the owner that it is begun under.
pub(crate) fn spawn(work: impl Future<Output = ()> + 'static) {
    spawn_boxed(Box::pin(work));
}

fn spawn_boxed(work: Pin<Box<dyn Future<Output = ()>>>) {
    reactive_graph::spawn_local_scoped_with_cancellation(work);
}

/// What `read` says, without following what it reads.
fn unfollowed(read: &mut dyn FnMut()) {
    untrack(read);
}
