//! What attributes and properties are given.

use std::borrow::Cow;

use super::Markup;
use crate::reactive::{Memo, RwSignal, Signal};

/// The value of an attribute or a property.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// There, or not.
    Flag(bool),
    Text(Cow<'static, str>),
}

pub(crate) trait IntoValue {
    fn into_value(self) -> Value;
}

/// Works a value out again and again. Behind `FnMut` it would have a second function, for being called once.
pub(crate) trait Work {
    fn work(&mut self) -> Value;
}

impl<T: IntoValue, F: FnMut() -> T> Work for F {
    fn work(&mut self) -> Value {
        self().into_value()
    }
}

/// What can be given to an attribute or a property.
pub(crate) trait IntoGiven {
    /// Gives it to the next one that the template leaves open.
    fn give(self, markup: Box<Markup>) -> Box<Markup>;
}

impl IntoValue for bool {
    fn into_value(self) -> Value {
        Value::Flag(self)
    }
}

impl IntoValue for u32 {
    fn into_value(self) -> Value {
        self.to_string().into_value()
    }
}

impl IntoValue for &'static str {
    fn into_value(self) -> Value {
        Value::Text(Cow::Borrowed(self))
    }
}

impl IntoValue for String {
    fn into_value(self) -> Value {
        Value::Text(Cow::Owned(self))
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::Flag(false), T::into_value)
    }
}

macro_rules! fixed {
    ($($type:ty),*) => {$(
        impl IntoGiven for $type {
            fn give(self, markup: Box<Markup>) -> Box<Markup> {
                markup.give(self.into_value())
            }
        }
    )*};
}
fixed!(bool, u32, String);

impl IntoGiven for &'static str {
    fn give(self, markup: Box<Markup>) -> Box<Markup> {
        markup.give_text(self)
    }
}

impl<T: IntoValue> IntoGiven for Option<T> {
    fn give(self, markup: Box<Markup>) -> Box<Markup> {
        markup.give(self.into_value())
    }
}

impl<F, T> IntoGiven for F
where
    F: FnMut() -> T + 'static,
    T: IntoValue,
{
    fn give(self, markup: Box<Markup>) -> Box<Markup> {
        markup.give_live(Box::new(self))
    }
}

macro_rules! signals {
    ($($signal:ident),*) => {$(
        impl<T> IntoGiven for $signal<T>
        where
            T: IntoValue + Clone + 'static,
        {
            fn give(self, markup: Box<Markup>) -> Box<Markup> {
                markup.give_live(Box::new(move || self.get()))
            }
        }
    )*};
}
signals!(Memo, RwSignal, Signal);
