//! A real PgBouncer before a server.

use std::{
    fs,
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Server, as_postgres, folder, free_port};

const PROGRAM: &str = "/usr/sbin/pgbouncer";
const PATIENCE: Duration = Duration::from_secs(20);

/// PgBouncer in transaction mode, with fewer connections to the server than it takes from clients.
#[derive(Debug)]
pub struct Pooler {
    folder: PathBuf,
    port: u16,
    process: Child,
}

impl Pooler {
    pub fn start(server: &Server) -> Self {
        let (folder, port) = (folder("pgbouncer"), free_port());
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n\
             ignore_startup_parameters = extra_float_digits\n",
            server.port()
        );
        // The user is the server's, whoever the client says it is.
        let settings = settings.replacen("port=", "user=postgres port=", 1);
        let file = folder.join("pgbouncer.ini");
        fs::write(&file, settings).expect("its settings");
        let log = fs::File::create(folder.join("log")).expect("a log");
        let process = as_postgres(PROGRAM.as_ref())
            .arg("-q")
            .arg(&file)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("PgBouncer is installed (apt-get install pgbouncer)");
        let pooler = Self { folder, port, process };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let log = || fs::read_to_string(pooler.folder.join("log")).unwrap_or_default();
            assert!(start.elapsed() < PATIENCE, "PgBouncer does not answer: {}", log());
            thread::sleep(Duration::from_millis(20));
        }
        pooler
    }

    /// The URL of one of the server's databases, through the pooler.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
        _ = fs::remove_dir_all(&self.folder);
    }
}
