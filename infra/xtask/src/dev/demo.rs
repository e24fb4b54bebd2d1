//! What azure-sim says about its demo tenant, and what the functions and scripts are told of it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// The answer of `GET /sim/demo`, as far as it is needed here.
#[derive(Debug, Deserialize)]
pub(crate) struct Demo {
    tenant: String,
    audience: String,
    authority: String,
    arm: String,
    arm_audience: String,
    portal: Credential,
    identity: Identity,
    subscriptions: Vec<Subscription>,
    service_principals: BTreeMap<String, Credential>,
}

#[derive(Debug, Deserialize)]
struct Credential {
    client_id: String,
    client_secret: String,
}

#[derive(Debug, Deserialize)]
struct Identity {
    endpoint: String,
    header: String,
}

#[derive(Debug, Deserialize)]
struct Subscription {
    id: String,
}

/// Names and values of environment variables.
pub(crate) type Variables = Vec<(String, String)>;

impl Demo {
    pub(crate) fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json).context("azure-sim describes its demo tenant in a form unknown here")
    }

    /// What the functions need to know of their Azure.
    pub(crate) fn for_functions(&self) -> Variables {
        let subscriptions: Vec<&str> = self.subscriptions.iter().map(|one| one.id.as_str()).collect();
        variables([
            ("POSTERN_TENANT", &self.tenant),
            ("POSTERN_CLIENT_ID", &self.portal.client_id),
            ("POSTERN_CLIENT_SECRET", &self.portal.client_secret),
            ("POSTERN_AUDIENCE", &self.audience),
            ("POSTERN_AUTHORITY", &self.authority),
            ("POSTERN_ARM_URL", &self.arm),
            ("POSTERN_ARM_AUDIENCE", &self.arm_audience),
            ("POSTERN_CREDENTIAL", "managed_identity"),
            ("IDENTITY_ENDPOINT", &self.identity.endpoint),
            ("IDENTITY_HEADER", &self.identity.header),
            ("POSTERN_SUBSCRIPTIONS", &subscriptions.join(",")),
        ])
    }

    /// What a script needs to call Postern's API and the simulated ARM; `authority` is whom it has to trust for that.
    pub(crate) fn for_scripts(&self, url: &str, sim_url: &str, authority: Option<&Path>) -> Variables {
        let mut all = variables([
            ("POSTERN_URL", url),
            ("POSTERN_SIM_URL", sim_url),
            ("POSTERN_TENANT", &self.tenant),
            ("POSTERN_AUDIENCE", &self.audience),
        ]);
        if let Some(authority) = authority {
            all.extend(variables([("POSTERN_CA", &authority.display().to_string())]));
        }
        for (name, credential) in &self.service_principals {
            all.push((format!("POSTERN_{name}_CLIENT_ID"), credential.client_id.clone()));
            all.push((format!("POSTERN_{name}_CLIENT_SECRET"), credential.client_secret.clone()));
        }
        all
    }
}

pub(crate) fn variables<const N: usize>(pairs: [(&str, &str); N]) -> Variables {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Lines that a POSIX shell can source.
pub(crate) fn shell_lines(variables: &Variables) -> String {
    variables.iter().map(|(name, value)| format!("{name}={}\n", quoted(value))).collect()
}

fn quoted(value: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:@%+=,".contains(character);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMO: &str = r#"{
        "tenant": "t-1", "audience": "api://postern", "authority": "http://127.0.0.1:1/t-1/v2.0",
        "arm": "http://127.0.0.1:1", "arm_audience": "https://management.azure.com",
        "portal": {"client_id": "p", "client_secret": "ps"},
        "identity": {"endpoint": "http://127.0.0.1:1/msi/token", "header": "h", "object_id": "o"},
        "subscriptions": [{"id": "s-1", "name": "one"}, {"id": "s-2", "name": "two"}],
        "people": [],
        "service_principals": {"ADMIN": {"client_id": "a", "client_secret": "it's~"}}
    }"#;

    fn value<'a>(variables: &'a Variables, name: &str) -> &'a str {
        variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap()
    }

    #[test]
    fn the_functions_learn_their_subscriptions_and_the_portals_credential() {
        let variables = Demo::parse(DEMO).unwrap().for_functions();
        assert_eq!(value(&variables, "POSTERN_SUBSCRIPTIONS"), "s-1,s-2");
        assert_eq!(value(&variables, "POSTERN_CLIENT_SECRET"), "ps");
        assert_eq!(value(&variables, "IDENTITY_HEADER"), "h");
    }

    #[test]
    fn scripts_learn_each_service_principal() {
        let lines = shell_lines(&Demo::parse(DEMO).unwrap().for_scripts(
            "http://u",
            "http://s",
            Some(Path::new("/c")),
        ));
        assert!(lines.contains("POSTERN_URL=http://u\nPOSTERN_SIM_URL=http://s\n"), "{lines}");
        assert!(lines.contains("POSTERN_CA=/c\n"), "{lines}");
        assert!(lines.contains("POSTERN_ADMIN_CLIENT_ID=a\n"), "{lines}");
        assert!(lines.contains("POSTERN_ADMIN_CLIENT_SECRET='it'\\''s~'\n"), "{lines}");
    }

    #[test]
    fn a_description_without_a_tenant_is_refused() {
        assert!(Demo::parse(&DEMO.replace("\"tenant\"", "\"tenants\"")).is_err());
    }

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for awkward in ["", "a b", "$HOME", "`id`", "'", "\"", "a;b", "*", "~", "a\\b", "#x", "!"] {
            let line = shell_lines(&variables([("VALUE", awkward)]));
            let script = format!("{line}printf %s \"$VALUE\"");
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), awkward);
        }
    }
}
