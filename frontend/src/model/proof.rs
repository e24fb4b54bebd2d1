//! What a request would change, and what it would leave, said before it is sent.

use shared::{
    api::{Network, Session, VmDetail},
    policy::LiveSessions,
    port::Protocol,
};

use super::{
    durations,
    form::{Parsed, RequestForm},
    language::{Language, say},
};

/// Sentences in the order in which things happen; nothing while the request is not well-formed.
pub(crate) fn changes(
    form: &RequestForm,
    detail: &VmDetail,
    session: &Session,
    language: Language,
) -> Vec<String> {
    let Ok(Parsed { sources, duration, .. }) = form.parse(&session.source, language) else {
        return Vec::new();
    };
    let status = detail.ports.iter().find(|status| status.rule.port == form.port);
    let packets = match status.map(|status| status.rule.protocol) {
        Some(Protocol::Tcp) => say!(language, proof.tcp),
        Some(Protocol::Udp) => say!(language, proof.udp),
        Some(Protocol::Any) | None => say!(language, proof.any),
    };
    let (port, addresses) = (form.port, destination(&detail.network, language));
    let live_sessions = detail.policy.as_ref().map(|policy| policy.live_sessions).unwrap_or_default();
    let length = durations::in_words(duration.seconds(), language);
    let mut changes = vec![
        say!(language, proof.written, nsgs = nsgs(&detail.network, language)),
        match addresses {
            Some(addresses) => say!(language, proof.lets_of, packets, sources, port, addresses),
            None => say!(language, proof.lets, packets, sources, port),
        },
        say!(language, proof.removed, length = length, sessions = sessions(live_sessions, language)),
    ];
    if status.is_some_and(|status| !status.exposed.is_empty()) {
        changes.push(say!(language, proof.stays).to_owned());
    }
    changes
}

/// What becomes of connections when their opening ends.
pub(crate) fn sessions(live_sessions: LiveSessions, language: Language) -> &'static str {
    match live_sessions {
        LiveSessions::Never => say!(language, proof.sessions_never),
        LiveSessions::OnRevoke => say!(language, proof.sessions_on_revoke),
        LiveSessions::AtEnd => say!(language, proof.sessions_at_end),
    }
}

/// The NSGs by name, as part of a sentence.
pub(crate) fn nsgs(network: &Network, language: Language) -> String {
    match network.nsgs.as_slice() {
        [] => say!(language, proof.each_nsg).to_owned(),
        [one] => say!(language, proof.one_nsg, name = one.as_str()),
        [first @ .., last] => {
            let first = first.join(say!(language, common.comma));
            say!(language, proof.several_nsgs, first = first, last = last.as_str())
        }
    }
}

fn destination(network: &Network, language: Language) -> Option<String> {
    let addresses: Vec<String> = network.private_addresses.iter().map(ToString::to_string).collect();
    (!addresses.is_empty()).then(|| addresses.join(say!(language, common.comma)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{a_detail, a_form, a_session};

    #[test]
    fn the_change_names_rule_source_port_destination_and_end() {
        let changes = changes(&a_form(), &a_detail(), &a_session(), Language::en);
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
            let last = changes(&a_form(), &detail, &a_session(), Language::en).pop().unwrap();
            assert!(last.contains(word), "{last}");
        }
    }

    #[test]
    fn a_malformed_request_changes_nothing() {
        let form = RequestForm { minutes: "soon".to_owned(), ..a_form() };
        assert!(changes(&form, &a_detail(), &a_session(), Language::en).is_empty());
    }

    #[test]
    fn several_nsgs_are_all_named() {
        let named = |names: &[&str]| {
            let nsgs = names.iter().map(|name| (*name).to_owned()).collect();
            super::nsgs(&Network { nsgs, ..Network::default() }, Language::en)
        };
        assert_eq!(named(&["a", "b", "c"]), "NSGs a, b and c");
        assert_eq!(named(&[]), "each NSG of the VM");
    }
}
