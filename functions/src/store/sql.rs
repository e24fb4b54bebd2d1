//! Queries. Only their values come from outside, and those are bound.
//!
//! None stays prepared on its connection: a pooler before PostgreSQL lends us another one for the next transaction.

use sqlx::{
    Any, AssertSqlSafe, FromRow,
    any::{AnyArguments, AnyRow},
    query::{Query, QueryAs, QueryScalar},
};

pub(super) fn query(sql: &'static str) -> Query<'static, Any, AnyArguments> {
    sqlx::query(sql).persistent(false)
}

pub(super) fn query_as<Row: for<'r> FromRow<'r, AnyRow>>(
    sql: &'static str,
) -> QueryAs<'static, Any, Row, AnyArguments> {
    sqlx::query_as(sql).persistent(false)
}

pub(super) fn query_scalar<Value>(sql: &'static str) -> QueryScalar<'static, Any, Value, AnyArguments>
where
    (Value,): for<'r> FromRow<'r, AnyRow>,
{
    sqlx::query_scalar(sql).persistent(false)
}

/// How many rows one query names.
pub(super) const CHUNK: usize = 500;

/// The values of a query whose number of conditions depends on what was asked, each with its place in the text.
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
        let query = sqlx::query_as(AssertSqlSafe(sql)).persistent(false);
        self.0.into_iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        })
    }

    /// A query for no rows.
    pub(super) fn query(self, sql: String) -> Query<'static, Any, AnyArguments> {
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        self.0.into_iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        })
    }
}
