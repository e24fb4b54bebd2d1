//! JSON as the portal reads and writes it: each type names its fields once, and a value that does not fit is simply not
//! one.
//!
//! Code that serde derives does the same at many times the size, most of it for messages that nobody here reads. Both
//! are held against each other by tests.

use std::{cell::Cell, str::FromStr};

mod answers;
mod basics;
mod bodies;
mod json;
#[cfg(test)]
mod tests;

pub(crate) use self::json::{Object, Value};

/// What can be read from JSON.
pub(crate) trait Read: Sized {
    /// What the value says; `None`: the field is not there. Where it does not fit, `misfit` is told, and what comes back
    /// means nothing.
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self;
}

/// Whether something that was read did not fit. Code that goes on until all is read is a third of code that gives up
/// in the middle of it.
#[derive(Default)]
pub(crate) struct Misfit(Cell<bool>);

impl Misfit {
    pub(crate) fn note(&self) {
        self.0.set(true);
    }

    /// What there is, or what stands in its place.
    fn or<T>(&self, told: Option<T>, instead: T) -> T {
        told.unwrap_or_else(|| {
            self.note();
            instead
        })
    }

    fn text<'v>(&self, value: Option<&'v Value>) -> &'v str {
        self.or(value.and_then(Value::as_str), "")
    }

    pub(crate) fn object<'v>(&self, value: Option<&'v Value>) -> Option<&'v Object> {
        let object = value.and_then(Value::as_object);
        if object.is_none() {
            self.note();
        }
        object
    }

    /// A field of what may be an object.
    pub(crate) fn field<T: Read>(&self, object: Option<&Object>, name: &str) -> T {
        T::read(at(object, name), self)
    }

    /// An object and the word in its field `name`, such as its `state`.
    fn tagged<'v>(&self, value: Option<&'v Value>, name: &str) -> (Option<&'v Object>, &'v str) {
        let object = self.object(value);
        (object, self.text(at(object, name)))
    }

    /// Which of these words it is; the first where it is none of them.
    pub(crate) fn word(&self, value: Option<&Value>, words: &[&str]) -> usize {
        let word = self.text(value);
        self.or(words.iter().position(|one| *one == word), 0)
    }
}

/// What can be sent as JSON.
pub(crate) trait Write {
    fn write(&self) -> Value;
}

pub(crate) fn from_text<T: Read>(text: &str) -> Option<T> {
    read(&parsed(text)?)
}

/// `None`: the value is not one of these.
pub(crate) fn read<T: Read>(value: &Value) -> Option<T> {
    let misfit = Misfit::default();
    let read = T::read(Some(value), &misfit);
    if misfit.0.get() { None } else { Some(read) }
}

pub(crate) fn to_text(body: &dyn Write) -> String {
    body.write().to_string()
}

pub(crate) fn parsed(text: &str) -> Option<Value> {
    Value::parse(text)
}

#[inline(never)]
fn at<'v>(object: Option<&'v Object>, name: &str) -> Option<&'v Value> {
    object?.get(name)
}

/// An object of these fields, without those that are nothing.
pub(crate) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let told = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(told.map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Structs that are read field by field.
macro_rules! fields {
    ($($type:ty { $($field:ident),* $(,)? })*) => {$(
        impl $crate::wire::Read for $type {
            fn read(value: Option<&$crate::wire::Value>, misfit: &$crate::wire::Misfit) -> Self {
                let object = misfit.object(value);
                Self { $($field: misfit.field(object, stringify!($field))),* }
            }
        }
    )*};
}
pub(crate) use fields;

/// Structs that are written field by field.
macro_rules! written {
    ($($type:ty { $($field:ident),* $(,)? })*) => {$(
        impl $crate::wire::Write for $type {
            fn write(&self) -> $crate::wire::Value {
                let Self { $($field),* } = self;
                $crate::wire::object([$((stringify!($field), $crate::wire::Write::write($field))),*])
            }
        }
    )*};
}
pub(crate) use written;

/// Types that are read by their `FromStr`, each with one that stands for what does not fit.
macro_rules! texts {
    ($($type:ty = $instead:expr),* $(,)?) => {$(
        impl $crate::wire::Read for $type {
            fn read(value: Option<&$crate::wire::Value>, misfit: &$crate::wire::Misfit) -> Self {
                $crate::wire::parsed_text(misfit.text(value), $instead, misfit)
            }
        }
    )*};
}
use texts;

fn parsed_text<T: FromStr>(text: &str, instead: &str, misfit: &Misfit) -> T {
    for text in [text, instead] {
        match text.parse() {
            Ok(told) => return told,
            Err(_) => misfit.note(),
        }
    }
    unreachable!("what stands instead is one of its type, as a test holds")
}

/// Enums of bare words; a variant without one does not compile.
macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),* $(,)? })*) => {$(
        impl $crate::wire::Read for $type {
            fn read(value: Option<&$crate::wire::Value>, misfit: &$crate::wire::Misfit) -> Self {
                const _: fn($type) = |every| match every { $($type::$variant => {})* };
                const WORDS: &[&str] = &[$($word),*];
                const VARIANTS: &[$type] = &[$($type::$variant),*];
                VARIANTS[misfit.word(value, WORDS)]
            }
        }
    )*};
}
pub(crate) use words;
