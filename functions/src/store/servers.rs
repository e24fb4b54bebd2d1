//! The servers of one PostgreSQL database: which of them takes writes, found again after it failed.

use std::{fmt, sync::Arc, time::Duration};

use futures::stream::{FuturesUnordered, StreamExt as _};
use sqlx::{AnyConnection, AnyPool, ConnectOptions as _, Connection as _, Row as _, any::AnyConnectOptions};

/// How long one server may take to say whether it takes writes.
const ANSWER: Duration = Duration::from_secs(2);

/// None of a file. With one there is nothing to choose.
#[derive(Clone)]
pub(super) struct Servers(Arc<[AnyConnectOptions]>);

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Servers({})", self.0.len())
    }
}

impl Servers {
    pub(super) fn none() -> Self {
        Self(Arc::default())
    }

    pub(super) fn new(servers: Vec<AnyConnectOptions>) -> Self {
        Self(servers.into())
    }

    pub(super) fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// Makes the pools connect to the server that takes writes, if it is found.
    pub(super) async fn lead(&self, pools: [&AnyPool; 2]) {
        if !self.are_several() {
            return;
        }
        if let Some(primary) = self.primary().await {
            for pool in pools {
                pool.set_connect_options(primary.clone());
            }
        }
    }

    /// The one that takes writes; of one alone nothing is asked.
    pub(super) async fn primary(&self) -> Option<&AnyConnectOptions> {
        if !self.are_several() {
            return self.0.first();
        }
        let mut asked: FuturesUnordered<_> =
            self.0.iter().map(async |server| answers(server).await.then_some(server)).collect();
        while let Some(answer) = asked.next().await {
            if answer.is_some() {
                return answer;
            }
        }
        None
    }
}

async fn answers(server: &AnyConnectOptions) -> bool {
    let ask = async {
        let mut connection = server.connect().await?;
        let takes = takes_writes(&mut connection).await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(takes)
    };
    matches!(tokio::time::timeout(ANSWER, ask).await, Ok(Ok(true)))
}

/// A copy that follows another server says no.
pub(super) async fn takes_writes(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    // In one step, as a pooler in between may give the next one to another server connection.
    let row = sqlx::raw_sql("SHOW transaction_read_only").fetch_one(connection).await?;
    let read_only: String = row.try_get(0)?;
    Ok(read_only == "off")
}
