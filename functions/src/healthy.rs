//! Whether the server beside this process is ready, as a container's health check asks.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{net::TcpStream, time::timeout};

use crate::{auth::http_client, config::Config, start::StartError};

const LIMIT: Duration = Duration::from_secs(5);

/// An error says what is wrong. Of a server that speaks TLS itself only that it takes connections: its certificate is for
/// another name than this machine's own address.
pub async fn healthy(config: &Config) -> Result<(), StartError> {
    let address = own_address(config.listen);
    if config.tls.is_some() {
        let connected = timeout(LIMIT, TcpStream::connect(address)).await.map_err(StartError::because)?;
        return connected.map(drop).map_err(StartError::because);
    }
    let client = http_client(None).map_err(StartError::because)?;
    let answer = client.get(format!("http://{address}/readyz")).timeout(LIMIT).send().await;
    let status = answer.map_err(StartError::because)?.status();
    if status.is_success() { Ok(()) } else { Err(StartError::because(format!("/readyz answers {status}"))) }
}

/// Where a server that listens everywhere is reached from here.
fn own_address(listen: SocketAddr) -> SocketAddr {
    let address = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    SocketAddr::new(address, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_asked_on_this_machine() {
        for (listen, asked) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("192.0.2.1:80", "192.0.2.1:80")]
        {
            assert_eq!(own_address(listen.parse().unwrap()).to_string(), asked);
        }
    }
}
