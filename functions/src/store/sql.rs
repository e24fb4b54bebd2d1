//! Queries whose number of conditions depends on what was asked. Only their values come from outside, and those are bound.

use sqlx::{Any, AssertSqlSafe, any::AnyArguments, query::QueryAs};

/// How many rows one query names.
pub(super) const CHUNK: usize = 500;

/// The values of a query, each with its place in the text.
#[derive(Debug, Default)]
pub(super) struct Values(Vec<Value>);

#[derive(Debug)]
enum Value {
    Text(String),
    Number(i64),
}

impl Values {
    /// Takes a value; gives its place, like `$3`.
    pub(super) fn text(&mut self, text: impl Into<String>) -> String {
        self.place(Value::Text(text.into()))
    }

    pub(super) fn number(&mut self, number: i64) -> String {
        self.place(Value::Number(number))
    }

    /// The places of several, with commas between.
    pub(super) fn texts<T: Into<String>>(&mut self, texts: impl IntoIterator<Item = T>) -> String {
        let places: Vec<String> = texts.into_iter().map(|text| self.text(text)).collect();
        places.join(", ")
    }

    fn place(&mut self, value: Value) -> String {
        self.0.push(value);
        format!("${}", self.0.len())
    }

    /// A query for rows of a type.
    pub(super) fn query_as<Row>(self, sql: String) -> QueryAs<'static, Any, Row, AnyArguments>
    where
        Row: for<'r> sqlx::FromRow<'r, sqlx::any::AnyRow>,
    {
        self.0.into_iter().fold(sqlx::query_as(AssertSqlSafe(sql)), |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        })
    }
}
