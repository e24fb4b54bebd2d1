//! What is deployed as one process: the systemd unit, the container's file, and the check of its health.

use std::{fs, process::Command, time::Duration};

use functions::config::Config;
use tempfile::TempDir;

use crate::postern::{Home, azure, binary, root, until};

const UNIT: &str = "infra/systemd/postern.service";
const CONTAINER: &str = "infra/container/Containerfile";
/// In tenths; 100 is a service that may do anything. What is left is the network, which it cannot do without.
const MOST_EXPOSED: &str = "15";

#[test]
fn systemd_takes_the_unit_and_finds_little_that_it_may_do() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("postern.service");
    let unit = read(UNIT);
    let program = "/usr/local/bin/postern";
    assert!(unit.contains(program));
    fs::write(&file, unit.replace(program, &binary().display().to_string())).expect("it can be written");
    for arguments in [&["verify"][..], &["security", "--offline=true", "--threshold", MOST_EXPOSED]] {
        let checked =
            Command::new("systemd-analyze").args(arguments).arg(&file).env("SYSTEMD_COLORS", "0").output();
        let checked = checked.expect("systemd-analyze is installed (apt-get install systemd)");
        let told = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(
            checked.status.success(),
            "{arguments:?}: {told}{}",
            String::from_utf8_lossy(&checked.stdout)
        );
        assert_eq!(told, "", "{arguments:?}");
    }
}

#[tokio::test]
async fn what_the_unit_and_the_container_tell_postern_is_a_configuration_that_ends_in_time() {
    let azure = azure(Duration::ZERO).await;
    let configured = |own: Vec<(String, String)>| {
        Config::from_vars(azure.settings().into_iter().chain(own)).expect("a configuration")
    };
    let unit = read(UNIT);
    let lines = unit.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('='));
    let config =
        configured(lines.map(|(name, value)| (name.to_owned(), value.replace("%S", "/var/lib"))).collect());
    let grace = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).expect("a limit");
    assert!(config.drain.as_secs() + config.stop_within.as_secs() < grace.parse().expect("seconds"));
    assert_eq!(config.assets.as_deref(), Some("/usr/local/share/postern".as_ref()));

    let container = read(CONTAINER).replace("\\\n", " ");
    let variables =
        container.lines().filter_map(|line| line.strip_prefix("ENV ")).flat_map(str::split_whitespace);
    let variables = variables.filter_map(|one| one.split_once('='));
    let config = configured(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
    assert!(config.drain.as_secs() + config.stop_within.as_secs() < 10, "docker waits ten seconds");
    assert!(
        config.listen.ip().is_unspecified(),
        "the port is forwarded to another address than the container's own"
    );
}

#[test]
fn the_containers_programs_are_where_they_are_called_and_nobody_is_root() {
    let container = read(CONTAINER);
    let copied =
        container.lines().find_map(|line| line.strip_prefix("COPY --from=build /build/target/process "));
    let program = format!("{}/postern", copied.expect("the folder of `cargo xtask build --target process`"));
    assert!(container.contains("cargo xtask build --target process"));
    assert!(container.contains(&format!("ENTRYPOINT [\"{program}\"]")));
    assert!(container.contains(&format!("CMD [\"{program}\", \"healthy\"]")));
    let user = container.lines().find_map(|line| line.strip_prefix("USER ")).expect("a user");
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
    let images = container.lines().filter_map(|line| line.strip_prefix("FROM ")?.split_whitespace().next());
    for image in images {
        assert!(
            image.rsplit_once(':').is_some_and(|(_, tag)| tag.contains("bookworm")),
            "{image} has no tag"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_may_come_as_files_and_the_check_of_health_says_how_it_is() {
    let azure = azure(Duration::ZERO).await;
    let secrets = TempDir::new().expect("a folder");
    let secret = azure.demo["portal"]["client_secret"].as_str().expect("a text");
    fs::write(secrets.path().join("POSTERN_CLIENT_SECRET"), format!("{secret}\n"))
        .expect("it can be written");
    let folder = secrets.path().display().to_string();
    let more = [("POSTERN_DRAIN", "4"), ("CREDENTIALS_DIRECTORY", &folder)];
    let home = Home::of(&azure, &more).without("POSTERN_CLIENT_SECRET");
    assert!(!home.start(&["healthy"]).end().await.success(), "nobody listens yet");
    let mut process = home.serve().await;
    assert!(home.start(&["healthy"]).end().await.success(), "{}", home.log());
    process.terminate();
    until("it is not ready", async || home.status("/readyz").await == Some(503)).await;
    assert!(!home.start(&["healthy"]).end().await.success(), "it is about to end");
    assert!(process.end().await.success(), "{}", home.log());
    fs::remove_file(secrets.path().join("POSTERN_CLIENT_SECRET")).expect("it can be removed");
    assert!(!home.start(&["healthy"]).end().await.success());
    assert!(home.log().contains("POSTERN_CLIENT_SECRET is missing"), "{}", home.log());
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).expect("the file is there")
}
