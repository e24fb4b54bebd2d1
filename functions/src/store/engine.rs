//! What differs between the engines.

use std::ops::{Deref, DerefMut};

use sqlx::{Any, AnyConnection, Transaction, pool::PoolConnection};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// How a transaction that writes begins.
    ///
    /// SQLite takes the write lock at once: a transaction that reads first and then fails to get it could not be waited
    /// for. PostgreSQL finds out itself whose reading another writer has made untrue.
    pub(super) const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        }
    }
}

/// A connection for reading.
#[derive(Debug)]
pub(super) enum Reading {
    Plain(PoolConnection<Any>),
    /// Between its steps a pooler may serve us by another connection of the server, except in a transaction.
    InTransaction(Transaction<'static, Any>),
}

impl Deref for Reading {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match self {
            Self::Plain(connection) => connection,
            Self::InTransaction(transaction) => transaction,
        }
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match self {
            Self::Plain(connection) => connection,
            Self::InTransaction(transaction) => transaction,
        }
    }
}
