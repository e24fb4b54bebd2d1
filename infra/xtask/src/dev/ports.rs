//! Ports of this machine, looked at before anything is built or started.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

use super::Options;

/// Refuses ports that cannot be listened on, and names the option that chooses another.
pub(super) fn check(options: &Options) -> Result<()> {
    if options.port == options.sim_port {
        bail!("--port and --sim-port are both {}; choose two ports", options.port);
    }
    for (port, option) in [(options.port, "--port"), (options.sim_port, "--sim-port")] {
        match listen(port) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                bail!("port {port} is in use; stop what listens there, or choose another with {option}")
            }
            Err(error) => bail!("port {port} is not usable ({error}); choose another with {option}"),
        }
    }
    Ok(())
}

/// A port on which nobody listens at this moment.
pub(crate) fn free_port() -> Result<u16> {
    let listener = listen(0).context("no port is free")?;
    Ok(listener.local_addr().context("no port is free")?.port())
}

fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn options(port: u16, sim_port: u16) -> Options {
        Line::parse_from(["dev", "--port", &port.to_string(), "--sim-port", &sim_port.to_string()]).options
    }

    #[test]
    fn free_ports_are_accepted() {
        check(&options(free_port().unwrap(), free_port().unwrap())).unwrap();
    }

    #[test]
    fn a_port_in_use_is_named_with_its_option() {
        let taken = listen(0).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = check(&options(free_port().unwrap(), port)).unwrap_err().to_string();
        assert!(error.contains(&port.to_string()) && error.contains("--sim-port"), "{error}");
    }

    #[test]
    fn one_port_for_both_is_refused() {
        assert!(check(&options(8080, 8080)).is_err());
    }
}
