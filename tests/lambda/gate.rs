//! A gate between the functions and what they call: what goes through it can be cut off.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Passes connections on; stops when it is dropped.
pub(crate) struct Gate {
    address: SocketAddr,
    cuts: watch::Sender<u64>,
    works: JoinHandle<()>,
}

impl Gate {
    /// In front of a port of this machine.
    pub(crate) async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cuts = watch::Sender::new(0);
        let watched = cuts.clone();
        let works = tokio::spawn(async move {
            while let Ok((inside, _)) = listener.accept().await {
                let mut cut = watched.subscribe();
                tokio::spawn(async move {
                    tokio::select! {
                        () = pass(inside, port) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { address, cuts, works }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Ends every connection that goes through it.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.works.abort();
    }
}

async fn pass(mut inside: TcpStream, port: u16) {
    if let Ok(mut outside) = TcpStream::connect(("127.0.0.1", port)).await {
        // However it ends: the other side sees that.
        _ = copy_bidirectional(&mut inside, &mut outside).await;
    }
}
