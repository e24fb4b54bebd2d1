//! The real nginx with the configuration that is recommended, and TLS ended there.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use azure_sim::Options;
use functions::auth::http_client;
use serde_json::Value;
use shared::api::route;
use tempfile::TempDir;
use tests::Azure;

use crate::postern::{Home, azure, free_port, root, until};

const NAME: &str = "postern.contoso.example";

#[tokio::test(flavor = "multi_thread")]
async fn behind_nginx_everything_speaks_of_tls_and_of_the_callers_own_address() {
    let azure = azure(Duration::ZERO).await;
    let public = format!("https://{NAME}");
    let home = Home::of(&azure, &[("POSTERN_PUBLIC_URL", &public)]);
    let _postern = home.serve().await;
    let proxy = Nginx::start(home.port).await;
    let begun = proxy.get("/auth/sign-in").send().await.unwrap();
    assert!(begun.status().is_redirection(), "{begun:?}");
    let cookie = begun.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.starts_with("__Host-") && cookie.contains("Secure") && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    let entra: url::Url = begun.headers()["location"].to_str().unwrap().parse().unwrap();
    let back = entra.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
    assert_eq!(back, format!("{public}/auth/callback"));
    let hsts = begun.headers()["strict-transport-security"].to_str().unwrap();
    assert!(hsts.starts_with("max-age=31536000"), "{hsts}");
    // Over TLS this machine calls from its own address, whatever the call says.
    assert_eq!(seen(&azure, &proxy, &[]).await, "127.0.0.1");
    assert_eq!(seen(&azure, &proxy, &["6.6.6.6"]).await, "127.0.0.1");
    assert_eq!(seen(&azure, &proxy, &["6.6.6.6, 203.0.113.7", "198.51.100.1"]).await, "127.0.0.1");
    let plain = proxy.plain("/connect/a/b/c?x=1").await;
    assert_eq!(plain, (301, format!("{public}/connect/a/b/c?x=1")));
}

async fn seen(azure: &Azure, proxy: &Nginx, forwarded: &[&str]) -> String {
    let token = azure.token("REQUESTER", "api://postern/.default").await;
    let mut request = proxy.get(route::SESSION).bearer_auth(token);
    for line in forwarded {
        request = request.header("x-forwarded-for", *line);
    }
    let answer: Value = request.send().await.expect("it answers").json().await.expect("JSON");
    answer["source"]["address"].as_str().unwrap_or_default().to_owned()
}

struct Nginx {
    child: Child,
    http: reqwest::Client,
    https: u16,
    plain: u16,
    _folder: TempDir,
}

impl Nginx {
    /// With another port for each of those in the recommended configuration, and another certificate.
    async fn start(upstream: u16) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let options = Options { tls: Some(folder.path().to_owned()), ..Options::for_tests() };
        drop(azure_sim::start(options).await.expect("it makes a certificate"));
        let (https, plain) = (free_port(), free_port());
        let mut server = fs::read_to_string(root().join("infra/nginx/postern.conf")).expect("it is there");
        for (from, to) in [
            ("listen 80;", format!("listen 127.0.0.1:{plain};")),
            ("    listen [::]:80;\n", String::new()),
            ("listen 443 ssl", format!("listen 127.0.0.1:{https} ssl")),
            ("    listen [::]:443 ssl http2;\n", String::new()),
            ("/etc/ssl/postern/fullchain.pem", path("server.pem")),
            ("/etc/ssl/postern/privkey.pem", path("server.key")),
            ("127.0.0.1:8080", format!("127.0.0.1:{upstream}")),
        ] {
            assert!(server.contains(from), "{from}");
            server = server.replace(from, &to);
        }
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let paths = paths.map(|one| format!("{one}_temp_path {};", path(one))).join("\n");
        let whole = format!(
            "daemon off; pid {}; error_log stderr;\nevents {{}}\nhttp {{ access_log off;\n{paths}\n{server}\n}}\n",
            path("pid")
        );
        fs::write(folder.path().join("nginx.conf"), whole).expect("it can be written");
        let child = command(folder.path()).spawn().expect("nginx is installed (apt-get install nginx-light)");
        let authority = folder.path().join("ca.pem");
        let this = Self { child, http: client(&authority), https, plain, _folder: folder };
        until("nginx answers", async || this.get("/healthz").send().await.is_ok()).await;
        this
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("https://127.0.0.1:{}{path}", self.https)).header("host", NAME)
    }

    /// The status and where it leads, without TLS.
    async fn plain(&self, path: &str) -> (u16, String) {
        let request = self.http.get(format!("http://127.0.0.1:{}{path}", self.plain)).header("host", NAME);
        let answer = request.send().await.expect("it answers");
        let location = answer.headers()["location"].to_str().expect("a text").to_owned();
        (answer.status().as_u16(), location)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// One process, which ends with this one.
fn command(folder: &Path) -> Command {
    let mut nginx = Command::new("/usr/sbin/nginx");
    nginx.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).args(["-g", "master_process off;"]);
    nginx.stdin(Stdio::null());
    nginx
}

fn client(authority: &Path) -> reqwest::Client {
    http_client(Some(authority)).expect("a client")
}
