//! Where a store is: one file, or the servers of a PostgreSQL database.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use sqlx::{postgres::PgConnectOptions, sqlite::SqliteConnectOptions};
use url::Url;

/// How many connections an instance has to PostgreSQL unless it is told.
const CONNECTIONS: u32 = 5;

/// The address of a store; it may hold a password and is shown without.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreAddress(pub(super) Place);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    File(PathBuf),
    Servers(Database),
}

/// One database on one server, or on several of which one takes writes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Database {
    pub(super) urls: Vec<Url>,
    /// 2 and more: one of them writes.
    pub(super) connections: u32,
}

/// Neither `sqlite:` with a file's path nor `postgres://` with servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the store's URL must be `sqlite:` and the path of a file, or `postgres://USER:PASSWORD@SERVER/DATABASE`"
)]
pub struct InvalidStoreAddress;

impl StoreAddress {
    /// With this many connections to PostgreSQL for each instance, 2–100; a file has its own number.
    #[must_use]
    pub fn with_connections(mut self, connections: u32) -> Self {
        if let Place::Servers(database) = &mut self.0 {
            database.connections = connections.clamp(2, 100);
        }
        self
    }
}

impl FromStr for StoreAddress {
    type Err = InvalidStoreAddress;

    /// `postgres://` may name several servers, separated by commas. A server that is reached through a network is
    /// asked for TLS with a certificate of its name, unless `sslmode` says otherwise.
    fn from_str(text: &str) -> Result<Self, InvalidStoreAddress> {
        let place = if text.starts_with("sqlite:") {
            Place::File(file(text).ok_or(InvalidStoreAddress)?)
        } else {
            Place::Servers(database(text).ok_or(InvalidStoreAddress)?)
        };
        Ok(Self(place))
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::File(path) => write!(f, "{}", path.display()),
            Place::Servers(database) => write!(f, "{database}"),
        }
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreAddress({self})")
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.urls.first().map_or("", |url| url.path().trim_start_matches('/'));
        write!(f, "{name} on ")?;
        for (n, url) in self.urls.iter().enumerate() {
            let separator = if n == 0 { "" } else { ", " };
            match (host(url), url.port()) {
                (Some(host), Some(port)) => write!(f, "{separator}{host}:{port}")?,
                (Some(host), None) => write!(f, "{separator}{host}")?,
                (None, _) => write!(f, "{separator}this machine")?,
            }
        }
        Ok(())
    }
}

/// The file that a URL names.
fn file(url: &str) -> Option<PathBuf> {
    if url.contains(":memory:") || url.contains("mode=memory") {
        return None;
    }
    let options = SqliteConnectOptions::from_str(url).ok()?;
    let path: &Path = options.get_filename();
    path.file_name().is_some().then(|| path.to_owned())
}

fn database(text: &str) -> Option<Database> {
    let (scheme, rest) = text.split_once("://")?;
    if !matches!(scheme, "postgres" | "postgresql") {
        return None;
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (person, servers) = match authority.rsplit_once('@') {
        Some((person, servers)) => (format!("{person}@"), servers),
        None => (String::new(), authority),
    };
    let urls = servers.split(',').map(|server| {
        // A server in a list is never left out; alone it may stand in the parameters.
        (!server.is_empty() || servers.is_empty()).then_some(())?;
        let url = Url::parse(&format!("postgres://{person}{server}{path}")).ok()?;
        usable(url)
    });
    Some(Database { urls: urls.collect::<Option<_>>()?, connections: CONNECTIONS })
}

fn usable(mut url: Url) -> Option<Url> {
    if url.path().trim_start_matches('/').is_empty() {
        return None;
    }
    let says_how = url.query_pairs().any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode"));
    if !says_how && !is_near(&url) {
        url.query_pairs_mut().append_pair("sslmode", "verify-full");
    }
    PgConnectOptions::from_str(url.as_str()).ok()?;
    Some(url)
}

/// A socket of this machine, or its loopback address.
fn is_near(url: &Url) -> bool {
    let Some(host) = host(url) else { return true };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || host.starts_with('/') || address.is_ok_and(|address| address.is_loopback())
}

fn host(url: &Url) -> Option<String> {
    let named = || url.query_pairs().find(|(name, _)| matches!(&**name, "host" | "hostaddr"));
    let host = url.host_str().filter(|host| !host.is_empty()).map(str::to_owned);
    named().map(|(_, value)| value.into_owned()).or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(text: &str) -> Vec<String> {
        match text.parse::<StoreAddress>().unwrap().0 {
            Place::Servers(database) => database.urls.iter().map(Url::to_string).collect(),
            Place::File(path) => panic!("{}", path.display()),
        }
    }

    #[test]
    fn rejects_what_names_no_store() {
        for url in [
            "",
            "postern.db",
            "mysql://db/postern",
            "sqlite:",
            "sqlite://",
            "sqlite::memory:",
            "sqlite:x?mode=memory",
            "postgres://db",
            "postgres://db/",
            "postgres://a,/postern",
            "postgres://db:port/postern",
            "postgres://db/postern?sslmode=maybe",
            "postgres:/postern",
        ] {
            assert_eq!(url.parse::<StoreAddress>(), Err(InvalidStoreAddress), "{url}");
        }
    }

    #[test]
    fn all_spellings_of_a_url_name_the_same_file() {
        for url in [
            "sqlite:/var/lib/my store.db",
            "sqlite:///var/lib/my%20store.db",
            "sqlite:/var/lib/my store.db?mode=rwc",
        ] {
            let place = Place::File("/var/lib/my store.db".into());
            assert_eq!(url.parse(), Ok(StoreAddress(place)), "{url}");
        }
        assert_eq!("sqlite:postern.db".parse(), Ok(StoreAddress(Place::File("postern.db".into()))));
    }

    #[test]
    fn a_server_far_away_must_show_a_certificate_of_its_name() {
        assert_eq!(
            urls("postgres://u:p@db.example/postern"),
            ["postgres://u:p@db.example/postern?sslmode=verify-full"]
        );
        assert_eq!(urls("postgresql://db/p?sslmode=require"), ["postgres://db/p?sslmode=require"]);
        for near in [
            "postgres://u@localhost/p",
            "postgres://127.0.0.1:5/p",
            "postgres://[::1]/p",
            "postgres:///p?host=/run/x",
        ] {
            assert_eq!(urls(near), [near], "{near}");
        }
        let disguised = "postgres://localhost/p?host=db.example";
        assert_eq!(urls(disguised), [format!("{disguised}&sslmode=verify-full")]);
    }

    #[test]
    fn several_servers_share_the_rest() {
        let expected = ["postgres://u:p@[::1]:1/x?a=b", "postgres://u:p@127.0.0.1:2/x?a=b"];
        assert_eq!(urls("postgres://u:p@[::1]:1,127.0.0.1:2/x?a=b"), expected);
    }

    #[test]
    fn is_shown_without_a_password() {
        let address: StoreAddress = "postgres://u:hidden@a:1,b/postern?password=hidden".parse().unwrap();
        assert_eq!(address.to_string(), "postern on a:1, b");
        assert!(!format!("{address:?}").contains("hidden"));
    }
}
