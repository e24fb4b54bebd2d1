use std::{cell::RefCell, marker::PhantomData, rc::Rc};

use reactive_graph::computed::ArcMemo;
use send_wrapper::SendWrapper;

use super::{Cell, Place, RwSignal, Source, Value, nothing, placed, tracked, untracked, with};

/// A value that is worked out from others; whoever follows it is told when it comes out otherwise.
pub(crate) struct Memo<T>(Place, PhantomData<fn() -> T>);

/// Any value that may change, however it does.
pub(crate) struct Signal<T>(Place, PhantomData<fn() -> T>);

impl<T: PartialEq + 'static> Memo<T> {
    /// `work_out` is given what it gave last.
    pub(crate) fn new(work_out: impl Fn(Option<&T>) -> T + 'static) -> Self {
        Self(memo(Box::new(Step { work_out, value: PhantomData })), PhantomData)
    }
}

/// Works a value out anew and says whether it is another.
trait Renew {
    fn renew(&self, value: &RefCell<Value>) -> bool;
}

struct Step<T, F> {
    work_out: F,
    value: PhantomData<fn() -> T>,
}

impl<T: PartialEq + 'static, F: Fn(Option<&T>) -> T> Renew for Step<T, F> {
    fn renew(&self, value: &RefCell<Value>) -> bool {
        let last = value.borrow().clone();
        let last = last.downcast_ref::<T>();
        let fresh = (self.work_out)(last);
        if last == Some(&fresh) {
            return false;
        }
        value.replace(Rc::new(Box::new(fresh)));
        true
    }
}

fn memo(step: Box<dyn Renew>) -> Place {
    let value = Rc::new(RefCell::new(nothing()));
    let held = SendWrapper::new((Rc::clone(&value), step));
    let memo = ArcMemo::new(move |version: Option<&u32>| {
        let (value, step) = &*held;
        version.copied().unwrap_or_default().wrapping_add(u32::from(step.renew(value)))
    });
    placed(Rc::new(Cell { value, source: Source::Memo(memo) }))
}

impl<T: 'static> Signal<T> {
    /// Worked out each time it is asked for.
    pub(crate) fn derive(work_out: impl Fn() -> T + 'static) -> Self {
        Self(placed(Cell::new(Box::new(()), Source::Derived(Box::new(work_out)))), PhantomData)
    }

    /// That never changes.
    pub(crate) fn stored(value: T) -> Self {
        Self(placed(Cell::new(Box::new(value), Source::Still)), PhantomData)
    }
}

impl<T: 'static> From<T> for Signal<T> {
    fn from(value: T) -> Self {
        Self::stored(value)
    }
}

impl<T> From<RwSignal<T>> for Signal<T> {
    fn from(signal: RwSignal<T>) -> Self {
        Self(signal.0, PhantomData)
    }
}

impl<T> From<Memo<T>> for Signal<T> {
    fn from(memo: Memo<T>) -> Self {
        Self(memo.0, PhantomData)
    }
}

macro_rules! read {
    ($($signal:ident),*) => {$(
        impl<T> Clone for $signal<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $signal<T> {}

        impl<T: 'static> $signal<T> {
            /// Tracked.
            pub(crate) fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
                with(tracked(self.0), read)
            }
        }

        impl<T: Clone + 'static> $signal<T> {
            /// Tracked.
            pub(crate) fn get(self) -> T {
                self.with(T::clone)
            }
        }
    )*};
}
read!(Memo, Signal);

impl<T: 'static> Memo<T> {
    pub(crate) fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        with(untracked(self.0), read)
    }
}

impl<T: Clone + 'static> Memo<T> {
    pub(crate) fn get_untracked(self) -> T {
        self.with_untracked(T::clone)
    }
}

impl<T: Clone + 'static> Signal<T> {
    pub(crate) fn get_untracked(self) -> T {
        let mut value = None;
        super::unfollowed(&mut || value = Some(self.get()));
        value.expect("it was read just now")
    }
}
