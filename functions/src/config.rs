//! Configuration: typed, read once, every bad variable reported at once.

mod credentials;
mod one_shot;
mod reader;
mod secret;
mod values;

use std::{net::SocketAddr, path::PathBuf};

use azure_core::credentials::Secret as AzureSecret;
use jiff::SignedDuration;
use shared::{nsg::stamp::Deployment, source::SourcePrefix, vm::SubscriptionId};
use tracing_subscriber::filter::Targets;
use url::Url;

pub use self::{
    credentials::{CREDENTIALS_DIRECTORY, CredentialError, credentials},
    reader::{ConfigError, ConfigErrors},
    secret::Secret,
};
use self::{
    reader::Reader,
    values::{
        clock_tolerance, connections, cookie_key, guid, log_filter, log_format, proxies, public_url,
        safe_url, some_text, subscriptions,
    },
};
use crate::{fabric::azure::credential::CredentialSource, one_shot::OneShotSettings, store::StoreAddress};

/// Everything that a process is told from outside.
#[derive(Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// Whether the host of Azure Functions has started this process, and calls it.
    pub azure_functions: bool,
    /// How long calls are still taken after the end of the process was asked for; at most a minute.
    pub drain: SignedDuration,
    /// How long what is in hand may take after that; 1 s to 10 minutes.
    pub stop_within: SignedDuration,
    /// Where browsers reach Postern; https, but for this machine itself.
    pub public_url: Url,
    pub tenant: String,
    /// The application that people sign in to.
    pub client_id: String,
    pub client_secret: Secret<String>,
    /// Whom bearer tokens for the API are meant for.
    pub audience: String,
    /// Entra ID of the cloud, without the tenant.
    pub authority: Url,
    pub arm_url: Url,
    pub arm_audience: String,
    pub credential: CredentialSource,
    pub subscriptions: Vec<SubscriptionId>,
    pub database: StoreAddress,
    pub cookie_key: Secret<[u8; 64]>,
    /// How many proxies in front append to `X-Forwarded-For`; 0–10.
    pub trusted_proxies: usize,
    pub deployment: Deployment,
    /// The portal's files; without it only the API is served.
    pub assets: Option<PathBuf>,
    pub log: LogFormat,
    pub log_filter: Targets,
    /// A PEM file with one more certificate authority to trust.
    pub extra_ca: Option<PathBuf>,
    /// With what `serve` serves TLS; without it, it serves plain HTTP to the proxy in front.
    pub tls: Option<TlsFiles>,
    /// How far this process's clock may be from Azure's while new openings are made; 5 s to 5 minutes.
    pub clock_tolerance: SignedDuration,
    /// Who may read the metrics; without it nobody may.
    pub metrics_token: Option<Secret<String>>,
    /// From where the organisation's people come; offered to whose own address looks wrong. At most 100.
    pub organisation_ranges: Vec<SourcePrefix>,
    /// Whom to ask, as people are told; 1–200 characters.
    pub contact: Option<String>,
    /// What EventBridge Scheduler is told of each grant's end; without it, nothing.
    pub one_shot: Option<OneShotSettings>,
}

/// PEM files: the certificate followed by those that lead to its authority, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    Pretty,
}

/// The endpoints of a cloud, by Azure's own table: authority, ARM, ARM's audience.
const CLOUDS: [(&str, [&str; 3]); 3] = [
    (
        "public",
        [
            "https://login.microsoftonline.com",
            "https://management.azure.com/",
            "https://management.core.windows.net/",
        ],
    ),
    (
        "us_gov",
        [
            "https://login.microsoftonline.us",
            "https://management.usgovcloudapi.net/",
            "https://management.core.usgovcloudapi.net/",
        ],
    ),
    (
        "china",
        [
            "https://login.chinacloudapi.cn",
            "https://management.chinacloudapi.cn",
            "https://management.core.chinacloudapi.cn/",
        ],
    ),
];

/// All variables of ours that have a meaning; any other is a slip of the pen.
const KNOWN: [&str; 41] = [
    "POSTERN_LISTEN",
    "POSTERN_DRAIN",
    "POSTERN_STOP_WITHIN",
    "POSTERN_PUBLIC_URL",
    "POSTERN_CLOUD",
    "POSTERN_AUTHORITY",
    "POSTERN_ARM_URL",
    "POSTERN_ARM_AUDIENCE",
    "POSTERN_TENANT",
    "POSTERN_CLIENT_ID",
    "POSTERN_CLIENT_SECRET",
    "POSTERN_AUDIENCE",
    "POSTERN_CREDENTIAL",
    "POSTERN_AZURE_CLIENT_ID",
    "POSTERN_AZURE_CLIENT_SECRET",
    "POSTERN_SUBSCRIPTIONS",
    "POSTERN_DATABASE",
    "POSTERN_DATABASE_CONNECTIONS",
    "DATABASE_URL",
    "POSTERN_COOKIE_KEY",
    "POSTERN_TRUSTED_PROXIES",
    "POSTERN_DEPLOYMENT",
    "POSTERN_ASSETS",
    "POSTERN_LOG",
    "POSTERN_LOG_FILTER",
    "POSTERN_EXTRA_CA",
    "POSTERN_TLS_CERTIFICATE",
    "POSTERN_TLS_KEY",
    "POSTERN_CLOCK_TOLERANCE",
    "POSTERN_METRICS_TOKEN",
    "POSTERN_ORGANISATION_RANGES",
    "POSTERN_CONTACT",
    CUSTOM_HANDLER_PORT,
    "LAMBDA_TASK_ROOT",
    "POSTERN_ONE_SHOT_TARGET",
    "POSTERN_ONE_SHOT_ROLE",
    "POSTERN_ONE_SHOT_GROUP",
    "POSTERN_ONE_SHOT_ENDPOINT",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// Where the host of Azure Functions calls its custom handler, on this machine.
const CUSTOM_HANDLER_PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";

impl Config {
    pub fn from_vars(vars: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        let mut read = Reader::new(vars, &KNOWN);
        let cloud = read.or("POSTERN_CLOUD", "public, us_gov or china", "public", cloud);
        let [authority, arm_url, arm_audience] = cloud.unwrap_or(CLOUDS[0].1);
        let authority = read.or("POSTERN_AUTHORITY", URL, authority, safe_url);
        let tenant = read.required("POSTERN_TENANT", "the directory's GUID", guid);
        let credential = credential(&mut read, authority.as_ref(), tenant.as_deref());
        let config = Self::assemble(&mut read, (authority, tenant, credential), (arm_url, arm_audience));
        read.finish(config)
    }

    fn assemble(
        read: &mut Reader,
        (authority, tenant, credential): (Option<Url>, Option<String>, Option<CredentialSource>),
        (arm_url, arm_audience): (&str, &str),
    ) -> Option<Self> {
        let listen = listen(read);
        let azure_functions = read.optional(CUSTOM_HANDLER_PORT).is_some();
        let drain = read.or("POSTERN_DRAIN", DRAIN, "0", values::drain);
        let stop_within = read.or("POSTERN_STOP_WITHIN", STOP_WITHIN, "PT25S", values::stop_within);
        let public_url = read.required("POSTERN_PUBLIC_URL", PUBLIC_URL, public_url);
        let client_id = read.required("POSTERN_CLIENT_ID", "the application's client id", some_text);
        let client_secret =
            read.required("POSTERN_CLIENT_SECRET", "the application's client secret", some_text);
        let arm_url = read.or("POSTERN_ARM_URL", URL, arm_url, safe_url);
        let arm_audience =
            read.or("POSTERN_ARM_AUDIENCE", "for whom ARM's tokens are meant", arm_audience, some_text);
        let arm = [arm_url.as_ref().map(Url::as_str), arm_audience.as_deref()].map(Option::unwrap_or_default);
        let audience = read.required("POSTERN_AUDIENCE", AUDIENCE, |text| values::audience(text, &arm));
        let subscriptions =
            read.required("POSTERN_SUBSCRIPTIONS", "subscription ids separated by commas", subscriptions);
        let database = database(read);
        let cookie_key = read.required("POSTERN_COOKIE_KEY", "64 random bytes in base64", cookie_key);
        let trusted_proxies = read.or("POSTERN_TRUSTED_PROXIES", "a number from 0 to 10", "0", proxies);
        let deployment =
            read.required("POSTERN_DEPLOYMENT", "1 to 12 lower-case letters and digits", |t| t.parse().ok());
        let log = read.or("POSTERN_LOG", "json or pretty", "json", log_format);
        let log_filter = read.or(
            "POSTERN_LOG_FILTER",
            "a level, or several with their targets, like info,sqlx=warn",
            "info",
            log_filter,
        );
        let assets = assets(read, azure_functions);
        let extra_ca = read.optional("POSTERN_EXTRA_CA").map(PathBuf::from);
        let tls = tls(read);
        let clock_tolerance = read.or("POSTERN_CLOCK_TOLERANCE", TOLERANCE, "PT1M", clock_tolerance);
        let metrics_token = if_set(read, "POSTERN_METRICS_TOKEN", METRICS_TOKEN, values::metrics_token);
        let ranges = if_set(read, "POSTERN_ORGANISATION_RANGES", RANGES, values::ranges);
        let one_shot = one_shot::one_shot(read);
        let contact = if_set(read, "POSTERN_CONTACT", CONTACT, values::contact);
        Some(Self {
            listen: listen?,
            azure_functions,
            drain: drain?,
            stop_within: stop_within?,
            public_url: public_url?,
            tenant: tenant?,
            client_id: client_id?,
            client_secret: Secret::new(client_secret?),
            audience: audience?,
            authority: authority?,
            arm_url: arm_url?,
            arm_audience: arm_audience?,
            credential: credential?,
            subscriptions: subscriptions?,
            database: database?,
            cookie_key: Secret::new(cookie_key?),
            trusted_proxies: trusted_proxies?,
            deployment: deployment?,
            assets,
            log: log?,
            log_filter: log_filter?,
            extra_ca,
            tls: tls?,
            clock_tolerance: clock_tolerance?,
            metrics_token: metrics_token?.map(Secret::new),
            organisation_ranges: ranges?.unwrap_or_default(),
            contact: contact?,
            one_shot: one_shot?,
        })
    }
}

/// `Some(None)`: it is not set, which is good.
fn if_set<T>(
    read: &mut Reader,
    name: &'static str,
    what: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<Option<T>> {
    let Some(text) = read.optional(name) else { return Some(None) };
    read.check(name, what, &text, parse).map(Some)
}

const DATABASE: &str = "`sqlite:` and a file, or postgres://USER:PASSWORD@SERVER/DATABASE";

/// Both files, or neither.
fn tls(read: &mut Reader) -> Option<Option<TlsFiles>> {
    const NAMES: [&str; 2] = ["POSTERN_TLS_CERTIFICATE", "POSTERN_TLS_KEY"];
    if NAMES.iter().all(|name| read.optional(name).is_none()) {
        return Some(None);
    }
    let [certificate, key] = NAMES
        .map(|name| read.required(name, "a PEM file, given together with the other of the two", some_text));
    Some(Some(TlsFiles { certificate: certificate?.into(), key: key?.into() }))
}

const URL: &str = "an https URL (http only for this machine: 127.0.0.1, [::1] or localhost)";

const AUDIENCE: &str =
    "the API's own audience, like api://postern, in visible ASCII; never Azure Resource Manager's";

const TOLERANCE: &str = "seconds or a duration like PT1M, from 5 seconds to 5 minutes";

const DRAIN: &str = "seconds or a duration like PT10S, at most a minute";

const STOP_WITHIN: &str = "seconds or a duration like PT25S, from 1 second to 10 minutes";

const METRICS_TOKEN: &str = "16 or more visible ASCII characters";

const RANGES: &str = "at most 100 addresses and ranges separated by commas, like 198.51.100.0/24, each without bits beyond its length";

const CONTACT: &str = "one line of at most 200 characters, like vm-access@contoso.example";

const PUBLIC_URL: &str =
    "an https URL without a path (http only for this machine: 127.0.0.1, [::1] or localhost)";

fn cloud(text: &str) -> Option<[&'static str; 3]> {
    CLOUDS.iter().find(|(name, _)| *name == text).map(|(_, endpoints)| *endpoints)
}

fn listen(read: &mut Reader) -> Option<SocketAddr> {
    if let Some(port) = read.optional(CUSTOM_HANDLER_PORT) {
        let what = "a port, as the Functions host sets it";
        let port: Option<u16> = read.check(CUSTOM_HANDLER_PORT, what, &port, |text| text.parse().ok());
        return port.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    }
    read.or("POSTERN_LISTEN", "an address and port, like 127.0.0.1:8080", "127.0.0.1:8080", |text| {
        text.parse().ok()
    })
}

/// What clouds are given brings the portal along: on Azure Functions in the folder that the host starts it in.
fn assets(read: &Reader, azure_functions: bool) -> Option<PathBuf> {
    let lambda = || Some(PathBuf::from(read.optional("LAMBDA_TASK_ROOT")?).join("portal"));
    let packed = if azure_functions { Some("portal".into()) } else { lambda() };
    read.optional("POSTERN_ASSETS").map(PathBuf::from).or(packed)
}

/// Hosting services name their database in `DATABASE_URL`.
fn database(read: &mut Reader) -> Option<StoreAddress> {
    let parse = |text: &str| text.parse::<StoreAddress>().ok();
    let connections = read.or("POSTERN_DATABASE_CONNECTIONS", "a number from 2 to 100", "5", connections);
    let address = match read.optional("DATABASE_URL") {
        Some(url) if read.optional("POSTERN_DATABASE").is_none() => {
            read.check("DATABASE_URL", DATABASE, &url, parse)
        }
        _ => read.required("POSTERN_DATABASE", DATABASE, parse),
    };
    Some(address?.with_connections(connections?))
}

fn credential(read: &mut Reader, authority: Option<&Url>, tenant: Option<&str>) -> Option<CredentialSource> {
    const WHAT: &str = "managed_identity, workload_identity, client_secret or azure_cli";
    let kind = read.or("POSTERN_CREDENTIAL", WHAT, "managed_identity", |text| {
        ["managed_identity", "workload_identity", "client_secret", "azure_cli"]
            .into_iter()
            .find(|kind| *kind == text)
    })?;
    let client_id = read.optional("POSTERN_AZURE_CLIENT_ID");
    Some(match kind {
        "managed_identity" => CredentialSource::ManagedIdentity { client_id },
        "azure_cli" => CredentialSource::AzureCli { tenant: tenant.map(str::to_owned) },
        "workload_identity" => {
            let (authority, tenant) = (authority?.clone(), tenant.map(str::to_owned));
            CredentialSource::WorkloadIdentity { authority, tenant, client_id }
        }
        _ => {
            let id = read.required(
                "POSTERN_AZURE_CLIENT_ID",
                "the client id of Postern's own application",
                some_text,
            );
            let secret = read.required("POSTERN_AZURE_CLIENT_SECRET", "its client secret", some_text);
            let (authority, tenant) = (authority?.clone(), tenant?.to_owned());
            CredentialSource::ClientSecret {
                authority,
                tenant,
                client_id: id?,
                secret: AzureSecret::new(secret?),
            }
        }
    })
}

#[cfg(test)]
mod tests;
