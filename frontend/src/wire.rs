//! JSON as the portal reads and writes it: each type names its fields once, and a value that does not fit is simply not
//! one.
//!
//! Code that serde derives does the same at many times the size, most of it for messages that nobody here reads. Both
//! are held against each other by tests.

mod answers;
mod basics;
mod bodies;
mod json;
#[cfg(test)]
mod tests;

pub(crate) use self::json::{Object, Value};

/// What can be read from JSON.
pub(crate) trait Read: Sized {
    /// `None`: the value is not one of these.
    fn read(value: &Value) -> Option<Self>;

    /// What stands for a field that is not there.
    fn missing() -> Option<Self> {
        None
    }
}

/// What can be sent as JSON.
pub(crate) trait Write {
    fn write(&self) -> Value;
}

pub(crate) fn from_text<T: Read>(text: &str) -> Option<T> {
    T::read(&parsed(text)?)
}

pub(crate) fn to_text(body: &dyn Write) -> String {
    body.write().to_string()
}

pub(crate) fn parsed(text: &str) -> Option<Value> {
    Value::parse(text)
}

pub(crate) fn field<T: Read>(object: &Object, name: &str) -> Option<T> {
    match object.get(name) {
        Some(value) => T::read(value),
        None => T::missing(),
    }
}

/// The word of an internally tagged value, such as its `state`.
fn tag<'v>(value: &'v Value, name: &str) -> Option<(&'v Object, &'v str)> {
    let object = value.as_object()?;
    Some((object, object.get(name)?.as_str()?))
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
            fn read(value: &$crate::wire::Value) -> Option<Self> {
                let object = value.as_object()?;
                Some(Self { $($field: $crate::wire::field(object, stringify!($field))?),* })
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

/// Types that are read by their `FromStr`.
macro_rules! texts {
    ($($type:ty),* $(,)?) => {$(
        impl $crate::wire::Read for $type {
            fn read(value: &$crate::wire::Value) -> Option<Self> {
                value.as_str()?.parse().ok()
            }
        }
    )*};
}
use texts;

/// Enums of bare words; a variant without one does not compile.
macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),* $(,)? })*) => {$(
        impl $crate::wire::Read for $type {
            fn read(value: &$crate::wire::Value) -> Option<Self> {
                const _: fn($type) = |every| match every { $($type::$variant => {})* };
                match value.as_str()? {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    )*};
}
pub(crate) use words;
