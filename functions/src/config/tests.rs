use super::*;

const GOOD: [(&str, &str); 8] = [
    ("POSTERN_PUBLIC_URL", "https://postern.contoso.example"),
    ("POSTERN_TENANT", "72f988bf-86f1-41af-91ab-2d7cd011db47"),
    ("POSTERN_CLIENT_ID", "client"),
    ("POSTERN_CLIENT_SECRET", "hush-hush"),
    ("POSTERN_AUDIENCE", "api://postern"),
    ("POSTERN_SUBSCRIPTIONS", "0b1f6471-1bf0-4dda-aec3-cb9272f09590, 7d3c1e02-5a44-4c8e-9f0b-2f6f0a9be311"),
    ("POSTERN_DATABASE", "sqlite:postern.db"),
    ("POSTERN_DEPLOYMENT", "prod"),
];

#[test]
fn accepts_what_is_needed_and_fills_in_the_public_cloud() {
    let config = with(&[]).unwrap();
    assert_eq!(config.arm_url.as_str(), "https://management.azure.com/");
    assert_eq!((config.subscriptions.len(), config.trusted_proxies), (2, 0));
    assert_eq!(
        with(&[("POSTERN_CLOUD", "china")]).unwrap().authority.host_str(),
        Some("login.chinacloudapi.cn")
    );
    assert_eq!((config.drain.as_secs(), config.stop_within.as_secs()), (0, 25));
    let waits = with(&[("POSTERN_DRAIN", "10"), ("POSTERN_STOP_WITHIN", "PT10M")]).unwrap();
    assert_eq!((waits.drain.as_secs(), waits.stop_within.as_secs()), (10, 600));
}

#[test]
fn the_host_of_azure_functions_says_where_it_calls() {
    let port = ("FUNCTIONS_CUSTOMHANDLER_PORT", "7071");
    let config = with(&[port, ("POSTERN_LISTEN", "0.0.0.0:80")]).unwrap();
    assert_eq!((config.listen.to_string().as_str(), config.azure_functions), ("127.0.0.1:7071", true));
    assert!(!with(&[]).unwrap().azure_functions);
}

#[test]
fn on_lambda_the_portal_lies_in_the_archive_unless_another_is_named() {
    let assets = |variables: &[_]| with(variables).unwrap().assets;
    assert_eq!(assets(&[]), None);
    assert_eq!(assets(&[("LAMBDA_TASK_ROOT", "/var/task")]), Some("/var/task/portal".into()));
    let named = [("LAMBDA_TASK_ROOT", "/var/task"), ("POSTERN_ASSETS", "/opt/portal")];
    assert_eq!(assets(&named), Some("/opt/portal".into()));
}

const ONE_SHOT: [(&str, &str); 4] = [
    ("POSTERN_ONE_SHOT_TARGET", "arn:aws:lambda:eu-central-1:123456789012:function:postern-sweep"),
    ("POSTERN_ONE_SHOT_ROLE", "arn:aws:iam::123456789012:role/postern-scheduler"),
    ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "hush-hush"),
];

#[test]
fn one_shot_schedules_are_made_where_their_target_is() {
    let with_one_shot = |change: &[_]| with(&[&ONE_SHOT, change].concat());
    let settings = |change: &[_]| with_one_shot(change).unwrap().one_shot.unwrap();
    let usual = settings(&[]);
    assert_eq!(usual.endpoint.as_str(), "https://scheduler.eu-central-1.amazonaws.com/");
    assert_eq!((usual.region.as_str(), usual.group.as_str()), ("eu-central-1", "default"));
    let china = ("POSTERN_ONE_SHOT_TARGET", "arn:aws-cn:lambda:cn-north-1:123456789012:function:s");
    assert_eq!(settings(&[china]).endpoint.as_str(), "https://scheduler.cn-north-1.amazonaws.com.cn/");
    // What AWS gives to every function is not yet a wish for schedules.
    assert!(with(&ONE_SHOT[2..]).unwrap().one_shot.is_none());
}

#[test]
fn rejects_half_of_what_one_shot_schedules_need_and_arns_of_something_else() {
    for missing in 0..ONE_SHOT.len() {
        let mut given = ONE_SHOT.to_vec();
        given.remove(missing);
        assert_eq!(with(&given).unwrap_err().as_slice().len(), 1, "{missing}");
    }
    for (name, value) in [
        ("POSTERN_ONE_SHOT_TARGET", "postern-sweep"),
        ("POSTERN_ONE_SHOT_TARGET", "arn:aws:sqs:eu-central-1:123456789012:queue"),
        ("POSTERN_ONE_SHOT_TARGET", "arn:aws:lambda::123456789012:function:s"),
        ("POSTERN_ONE_SHOT_TARGET", "arn:aws:lambda:evil.example/:123456789012:function:s"),
        ("POSTERN_ONE_SHOT_ROLE", "arn:aws:iam::12345:role/r"),
        ("POSTERN_ONE_SHOT_GROUP", "a group"),
        ("POSTERN_ONE_SHOT_ENDPOINT", "http://scheduler.example"),
    ] {
        let errors = with(&[&ONE_SHOT[..], &[(name, value)]].concat()).unwrap_err();
        assert_eq!(errors.as_slice().len(), 1, "{name}={value}: {errors}");
    }
}

#[test]
fn every_bad_variable_is_reported_at_once() {
    let errors = Config::from_vars(std::iter::empty()).unwrap_err();
    assert_eq!(errors.as_slice().len(), 9, "{errors}");
    let bad = [("POSTERN_TENANT", "contoso"), ("POSTERN_TRUSTED_PROXIES", "11"), ("POSTERN_LISTEN", "8080")];
    assert_eq!(with(&bad).unwrap_err().as_slice().len(), 3);
}

#[test]
fn rejects_each_value_out_of_its_range() {
    for (name, value) in [
        ("POSTERN_PUBLIC_URL", "http://postern.contoso.example"),
        ("POSTERN_PUBLIC_URL", "postern"),
        ("POSTERN_PUBLIC_URL", "https://contoso.example/postern"),
        ("POSTERN_PUBLIC_URL", "https://:secret@contoso.example"),
        ("POSTERN_TENANT", "72f988bf86f141af91ab2d7cd011db47"),
        ("POSTERN_AUDIENCE", "https://management.azure.com"),
        ("POSTERN_AUDIENCE", "https://management.azure.com/"),
        ("POSTERN_AUDIENCE", "https://Management.Core.Windows.net/"),
        ("POSTERN_AUDIENCE", "https://management.usgovcloudapi.net"),
        ("POSTERN_AUDIENCE", "797f4846-ba00-4fd7-ba43-dac1f8f63013"),
        ("POSTERN_AUDIENCE", "api://\"postern"),
        ("POSTERN_AUDIENCE", "api://p\u{f8}stern"),
        ("POSTERN_TRUSTED_PROXIES", "-1"),
        ("POSTERN_LOG_FILTER", "info,functions=loud"),
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "65536"),
        ("POSTERN_ARM_URL", "http://10.0.0.1"),
        ("POSTERN_CLOUD", "moon"),
        ("POSTERN_SUBSCRIPTIONS", "all"),
        ("POSTERN_DATABASE", "postgres://x"),
        ("POSTERN_DATABASE", "mysql://db/postern"),
        ("POSTERN_DATABASE_CONNECTIONS", "1"),
        ("POSTERN_DATABASE", "sqlite:"),
        ("POSTERN_COOKIE_KEY", "c2hvcnQ="),
        ("POSTERN_DEPLOYMENT", "Prod-1"),
        ("POSTERN_LOG", "xml"),
        ("POSTERN_CREDENTIAL", "password"),
        ("POSTERN_DRAIN", "61"),
        ("POSTERN_DRAIN", "PT-1S"),
        ("POSTERN_STOP_WITHIN", "0"),
        ("POSTERN_STOP_WITHIN", "PT10M1S"),
        ("POSTERN_CLOCK_TOLERANCE", "4"),
        ("POSTERN_CLOCK_TOLERANCE", "PT5M1S"),
        ("POSTERN_CLOCK_TOLERANCE", "PT5.5S"),
        ("POSTERN_CLOCK_TOLERANCE", "-60"),
        ("POSTERN_CLOCK_TOLERANCE", "1 minute"),
        ("POSTERN_METRICS_TOKEN", "fifteen-letters"),
        ("POSTERN_METRICS_TOKEN", "sixteen letters!"),
        ("POSTERN_ORGANISATION_RANGES", "198.51.100.0/24,"),
        ("POSTERN_ORGANISATION_RANGES", "198.51.100.1/24"),
        ("POSTERN_ORGANISATION_RANGES", "0.0.0.0/0"),
        ("POSTERN_CONTACT", "two\nlines"),
        ("POSTERN_CONTACT", " "),
        ("POSTERN_TYPO", "x"),
    ] {
        let errors = with(&[(name, value)]).unwrap_err();
        assert!(errors.to_string().contains(name), "{name}={value}: {errors}");
        assert_eq!(errors.as_slice().len(), 1, "{errors}");
    }
    assert_eq!(with(&[("POSTERN_CREDENTIAL", "client_secret")]).unwrap_err().as_slice().len(), 2);
}

#[test]
fn rejects_the_audience_of_a_resource_manager_that_is_configured() {
    for name in ["POSTERN_ARM_URL", "POSTERN_ARM_AUDIENCE"] {
        let own_cloud =
            [(name, "https://arm.contoso.example/"), ("POSTERN_AUDIENCE", "https://arm.contoso.example")];
        let errors = with(&own_cloud).unwrap_err();
        assert_eq!(errors.as_slice().len(), 1, "{errors}");
        assert!(errors.to_string().contains("POSTERN_AUDIENCE is not the API's own"), "{errors}");
    }
    assert!(with(&[("POSTERN_AUDIENCE", "8f6b24d3-98f9-4f67-a4b1-5b1e8a1d3c55")]).is_ok());
}

#[test]
fn accepts_both_files_of_tls_or_neither() {
    assert_eq!(with(&[]).unwrap().tls, None);
    let [certificate, key] = [("POSTERN_TLS_CERTIFICATE", "chain.pem"), ("POSTERN_TLS_KEY", "key.pem")];
    let tls = with(&[certificate, key]).unwrap().tls.unwrap();
    assert_eq!((tls.certificate.to_str(), tls.key.to_str()), (Some("chain.pem"), Some("key.pem")));
}

#[test]
fn rejects_one_file_of_tls_without_the_other() {
    let [certificate, key] = [("POSTERN_TLS_CERTIFICATE", "chain.pem"), ("POSTERN_TLS_KEY", "key.pem")];
    for (given, missing) in [(certificate, key), (key, certificate)] {
        let errors = with(&[given]).unwrap_err();
        assert!(errors.to_string().contains(&format!("{} is missing", missing.0)), "{errors}");
    }
}

#[test]
fn accepts_a_clock_tolerance_in_seconds_or_as_a_duration() {
    let tolerance = |more: &[(&str, &str)]| with(more).unwrap().clock_tolerance.as_secs();
    assert_eq!(tolerance(&[]), 60);
    for (text, seconds) in [("5", 5), ("300", 300), ("PT5S", 5), ("PT1M30S", 90), ("PT5M", 300)] {
        assert_eq!(tolerance(&[("POSTERN_CLOCK_TOLERANCE", text)]), seconds, "{text}");
    }
}

#[test]
fn accepts_ranges_and_a_contact_and_neither() {
    let nothing = with(&[]).unwrap();
    assert_eq!((nothing.organisation_ranges, nothing.contact), (vec![], None));
    let ranges = ("POSTERN_ORGANISATION_RANGES", "203.0.113.9, 198.51.100.0/24,2001:db8::/48");
    let told = with(&[ranges, ("POSTERN_CONTACT", " vm-access@contoso.example ")]).unwrap();
    let ranges: Vec<String> = told.organisation_ranges.iter().map(ToString::to_string).collect();
    assert_eq!(ranges, ["198.51.100.0/24", "203.0.113.9", "2001:db8::/48"]);
    assert_eq!(told.contact.as_deref(), Some("vm-access@contoso.example"));
}

#[test]
fn http_is_for_this_machine_alone() {
    for url in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"] {
        assert!(with(&[("POSTERN_PUBLIC_URL", url)]).is_ok(), "{url}");
    }
    for url in [
        "http://127.0.0.1.example",
        "http://localhost.example",
        "http://0.0.0.0",
        "https://u@x",
        "https://x?y",
    ] {
        assert!(with(&[("POSTERN_PUBLIC_URL", url)]).is_err(), "{url}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let config = with(&[]).unwrap();
    assert!(!format!("{config:?}").contains("hush-hush"));
    let with_token = with(&[("POSTERN_METRICS_TOKEN", "hush-hush-hush-hush")]).unwrap();
    assert_eq!(with_token.metrics_token.as_ref().unwrap().expose(), "hush-hush-hush-hush");
    assert!(!format!("{with_token:?}").contains("hush-hush"));
    let errors = with(&[("POSTERN_COOKIE_KEY", "hush-hush")]).unwrap_err();
    assert!(!format!("{errors} {errors:?}").contains("hush-hush"));
}

fn with(more: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let key = STANDARD.encode([7; 64]);
    let key = [("POSTERN_COOKIE_KEY", key.as_str())];
    let all = GOOD.iter().chain(&key).chain(more);
    let vars: std::collections::BTreeMap<String, String> =
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::from_vars(vars.into_iter())
}
