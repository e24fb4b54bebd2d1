//! What a request would change, and what it would leave, said before it is sent.

use shared::{
    api::{Network, Session, VmDetail},
    policy::LiveSessions,
    port::Protocol,
};

use super::{
    durations,
    form::{Parsed, RequestForm},
};

/// Sentences in the order in which things happen; nothing while the request is not well-formed.
pub(crate) fn changes(form: &RequestForm, detail: &VmDetail, session: &Session) -> Vec<String> {
    let Ok(Parsed { sources, duration, .. }) = form.parse(&session.source) else { return Vec::new() };
    let status = detail.ports.iter().find(|status| status.rule.port == form.port);
    let protocol = match status.map(|status| status.rule.protocol) {
        Some(Protocol::Tcp) => "TCP packets",
        Some(Protocol::Udp) => "UDP packets",
        Some(Protocol::Any) | None => "packets of any protocol",
    };
    let lasting = durations::in_words(duration.seconds());
    let port = form.port;
    let mut changes = vec![
        format!("An allow rule is written to {}, before the guard.", nsgs(&detail.network)),
        format!("It lets {protocol} from {sources} reach port {port}{}.", destination(&detail.network)),
        format!(
            "After {lasting} the rule is removed and read back as gone. {}",
            sessions(detail.policy.as_ref().map(|policy| policy.live_sessions).unwrap_or_default())
        ),
    ];
    if status.is_some_and(|status| !status.exposed.is_empty()) {
        changes.push("What customer rules let in stays as it is.".to_owned());
    }
    changes
}

/// What becomes of connections when their opening ends.
pub(crate) const fn sessions(live_sessions: LiveSessions) -> &'static str {
    match live_sessions {
        LiveSessions::Never => "Connections that are up then may stay up.",
        LiveSessions::OnRevoke => "Connections that are up then may stay up, unless it is closed early.",
        LiveSessions::AtEnd => "Connections that are up then are cut.",
    }
}

/// The NSGs by name, as part of a sentence.
pub(crate) fn nsgs(network: &Network) -> String {
    match network.nsgs.as_slice() {
        [] => "each NSG of the VM".to_owned(),
        [one] => format!("NSG {one}"),
        [first @ .., last] => format!("NSGs {} and {last}", first.join(", ")),
    }
}

fn destination(network: &Network) -> String {
    let addresses: Vec<String> = network.private_addresses.iter().map(ToString::to_string).collect();
    if addresses.is_empty() { String::new() } else { format!(" of {}", addresses.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{a_detail, a_form, a_session};

    #[test]
    fn the_change_names_rule_source_port_destination_and_end() {
        let changes = changes(&a_form(), &a_detail(), &a_session());
        assert_eq!(changes[0], "An allow rule is written to NSG web-01-nsg, before the guard.");
        assert_eq!(changes[1], "It lets packets of any protocol from 203.0.113.7 reach port 22 of 10.1.0.4.");
        assert!(changes[2].starts_with("After 1 hour "), "{}", changes[2]);
        assert_eq!(changes.len(), 3);
    }

    #[test]
    fn what_becomes_of_connections_is_what_the_policy_says() {
        let mut detail = a_detail();
        for (live_sessions, word) in [
            (LiveSessions::Never, "may stay"),
            (LiveSessions::OnRevoke, "unless"),
            (LiveSessions::AtEnd, "are cut"),
        ] {
            detail.policy.as_mut().unwrap().live_sessions = live_sessions;
            let last = changes(&a_form(), &detail, &a_session()).pop().unwrap();
            assert!(last.contains(word), "{last}");
        }
    }

    #[test]
    fn a_malformed_request_changes_nothing() {
        let form = RequestForm { minutes: "soon".to_owned(), ..a_form() };
        assert!(changes(&form, &a_detail(), &a_session()).is_empty());
    }

    #[test]
    fn several_nsgs_are_all_named() {
        let named = |names: &[&str]| {
            let nsgs = names.iter().map(|name| (*name).to_owned()).collect();
            super::nsgs(&Network { nsgs, ..Network::default() })
        };
        assert_eq!(named(&["a", "b", "c"]), "NSGs a, b and c");
        assert_eq!(named(&[]), "each NSG of the VM");
    }
}
