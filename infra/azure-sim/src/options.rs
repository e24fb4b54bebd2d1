use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

/// Where the simulator's "now" comes from.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the simulator reads the real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Which virtual machines exist at the first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fleet {
    /// The fourteen machines with fixed names.
    Demo,
    /// That many machines, made from the seed.
    Generated(usize),
}

/// The reverse proxy that stands before the service.
#[derive(Debug, Clone)]
pub struct Front {
    pub listen: SocketAddr,
    /// The service behind it, such as `http://127.0.0.1:8082`.
    pub upstream: String,
}

#[derive(Clone)]
pub struct Options {
    pub listen: SocketAddr,
    pub front: Option<Front>,
    /// Where the certificates lie with which everything is served over TLS: `ca.pem` is the authority to trust. Plain HTTP
    /// if `None`.
    pub tls: Option<PathBuf>,
    pub fleet: Fleet,
    /// Makes the generated names and ids repeatable. Keys and secrets never depend on it.
    pub seed: u64,
    /// Where everything is kept between runs; nowhere if `None`.
    pub state_file: Option<PathBuf>,
    /// From the answer to a write until it takes effect, on `clock`. With zero no write is asynchronous.
    pub latency: Duration,
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// A free port, the demo fleet, no state file, writes that take effect at once, the machine's clock.
    #[must_use]
    pub fn for_tests() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            front: None,
            tls: None,
            fleet: Fleet::Demo,
            seed: 1,
            state_file: None,
            latency: Duration::ZERO,
            clock: Arc::new(SystemClock),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("listen", &self.listen)
            .field("front", &self.front)
            .field("tls", &self.tls)
            .field("fleet", &self.fleet)
            .field("seed", &self.seed)
            .field("state_file", &self.state_file)
            .field("latency", &self.latency)
            .finish_non_exhaustive()
    }
}
