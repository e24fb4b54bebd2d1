//! JSON values, read and written. A number stays the text that it came as, so nothing here knows of fractions.

use std::fmt::{self, Write};

mod reader;
#[cfg(test)]
mod tests;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Value>),
    Object(Object),
}

/// Fields in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Object(Vec<(String, Value)>);

impl Value {
    /// `None`: the text is not JSON.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        reader::read(text)
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(flag) = self { Some(*flag) } else { None }
    }

    pub(crate) fn as_i64(&self) -> Option<i64> {
        if let Self::Number(digits) = self { digits.parse().ok() } else { None }
    }

    pub(crate) fn as_u64(&self) -> Option<u64> {
        if let Self::Number(digits) = self { digits.parse().ok() } else { None }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_array(&self) -> Option<&Vec<Self>> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    pub(crate) fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// A field, where this is an object that has it.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Number(number.to_string())
    }
}

impl Object {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.iter().rev().find_map(|(own, value)| (own == name).then_some(value))
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (String, Value)> {
        self.0.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The value of the first field.
    pub(crate) fn first(&self) -> Option<&Value> {
        self.0.first().map(|(_, value)| value)
    }

    /// With a field a line.
    pub(crate) fn pretty(&self) -> String {
        let mut text = String::new();
        let _ = write_object(self, Some(0), &mut text);
        text
    }
}

impl FromIterator<(String, Value)> for Object {
    fn from_iter<T: IntoIterator<Item = (String, Value)>>(fields: T) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(self, None, f)
    }
}

/// `depth`: how far in a line stands, where each has a line of its own.
fn write_value(value: &Value, depth: Option<usize>, out: &mut dyn Write) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(flag) => out.write_str(if *flag { "true" } else { "false" }),
        Value::Number(digits) => out.write_str(digits),
        Value::String(text) => write_text(text, out),
        Value::Array(items) if items.is_empty() => out.write_str("[]"),
        Value::Array(items) => {
            out.write_char('[')?;
            for (place, item) in items.iter().enumerate() {
                begin(place, depth, out)?;
                write_value(item, depth.map(|depth| depth + 1), out)?;
            }
            end(depth, out)?;
            out.write_char(']')
        }
        Value::Object(object) => write_object(object, depth, out),
    }
}

fn write_object(object: &Object, depth: Option<usize>, out: &mut dyn Write) -> fmt::Result {
    if object.0.is_empty() {
        return out.write_str("{}");
    }
    out.write_char('{')?;
    for (place, (name, value)) in object.iter().enumerate() {
        begin(place, depth, out)?;
        write_text(name, out)?;
        out.write_str(if depth.is_some() { ": " } else { ":" })?;
        write_value(value, depth.map(|depth| depth + 1), out)?;
    }
    end(depth, out)?;
    out.write_char('}')
}

fn begin(place: usize, depth: Option<usize>, out: &mut dyn Write) -> fmt::Result {
    if place > 0 {
        out.write_char(',')?;
    }
    end(depth.map(|depth| depth + 1), out)
}

fn end(depth: Option<usize>, out: &mut dyn Write) -> fmt::Result {
    let Some(depth) = depth else { return Ok(()) };
    out.write_char('\n')?;
    (0..depth).try_for_each(|_| out.write_str("  "))
}

fn write_text(text: &str, out: &mut dyn Write) -> fmt::Result {
    out.write_char('"')?;
    for letter in text.chars() {
        match letter {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            letter if letter < ' ' => write!(out, "\\u{:04x}", u32::from(letter))?,
            letter => out.write_char(letter)?,
        }
    }
    out.write_char('"')
}
