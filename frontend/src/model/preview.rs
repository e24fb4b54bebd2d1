//! What Azure's rules as they are now make of a request, before it is sent.

use shared::{
    api::{PreviewedObstacle, ProblemBody},
    nsg::proof::{Packets, Proof},
    port::Protocol,
};

use super::{
    language::{Language, say},
    problem,
};
use crate::wire::fields;

/// The part of `POST /api/grants/preview`'s answer that is shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Preview {
    denials: Vec<ProblemBody>,
    obstacles: Vec<PreviewedObstacle>,
    proof: Proof,
}

fields! { Preview { denials, obstacles, proof } }

impl Preview {
    /// What would come of it, in sentences.
    pub(crate) fn lines(&self, language: Language) -> Vec<String> {
        let refused = |reason| say!(language, preview.refused, reason = problem::denial(reason, language));
        let impossible = |PreviewedObstacle { place, reason }: &PreviewedObstacle| {
            say!(language, preview.impossible, place = place.as_str(), reason = reason.as_str())
        };
        let denials = self.denials.iter().map(refused);
        let against: Vec<String> = denials.chain(self.obstacles.iter().map(impossible)).collect();
        if !against.is_empty() {
            return against;
        }
        let Proof { opens, closes } = &self.proof;
        if opens.is_empty() && closes.is_empty() {
            return vec![say!(language, preview.already).to_owned()];
        }
        let opens = opens.iter().map(|packets| said(packets, true, language));
        opens.chain(closes.iter().map(|packets| said(packets, false, language))).collect()
    }
}

/// Packets that a change opens or closes, in a sentence.
pub(crate) fn said(packets: &Packets, opens: bool, language: Language) -> String {
    let list = |items: Vec<String>| items.join(say!(language, common.comma));
    let protocol = match packets.protocol {
        Protocol::Any => say!(language, preview.both_protocols),
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    };
    let ports = list(packets.ports.iter().map(ToString::to_string).collect());
    let to = list(packets.to.iter().map(ToString::to_string).collect());
    let from = list(packets.from.iter().map(|one| origin(one, language)).collect());
    match (opens, packets.certain) {
        (true, true) => say!(language, preview.opens, protocol, ports, to, from),
        (true, false) => say!(language, preview.may_open, protocol, ports, to, from),
        (false, true) => say!(language, preview.closes, protocol, ports, to, from),
        (false, false) => say!(language, preview.may_close, protocol, ports, to, from),
    }
}

/// `203.0.113.7/32` is one address.
fn origin(prefix: &str, language: Language) -> String {
    match prefix {
        "*" => say!(language, preview.every_address).to_owned(),
        "Internet" => say!(language, preview.internet).to_owned(),
        _ => prefix.strip_suffix("/32").or_else(|| prefix.strip_suffix("/128")).unwrap_or(prefix).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_preview(text: &str) -> Preview {
        crate::wire::from_text(text).unwrap()
    }

    #[test]
    fn what_opens_is_said_with_ports_and_addresses() {
        let preview = a_preview(
            r#"{"denials":[],"obstacles":[],"changes":[{"nsg":"x"}],"proof":{"opens":[
                {"from":["203.0.113.7/32"],"to":["10.1.0.4"],"protocol":"tcp","ports":["22"],"certain":true},
                {"from":["Internet"],"to":["10.1.0.4"],"protocol":"any","ports":["22"],"certain":false}],"closes":[]}}"#,
        );
        let expected = [
            "Opens TCP port 22 of 10.1.0.4 to 203.0.113.7.",
            "May open TCP and UDP port 22 of 10.1.0.4 to the Internet.",
        ];
        assert_eq!(preview.lines(Language::en), expected);
        let chinese = preview.lines(Language::zh_TW);
        assert_eq!(chinese[1], "可能對 網際網路 開放 10.1.0.4 的 TCP 與 UDP 連接埠\u{a0}22。");
    }

    #[test]
    fn what_stands_in_the_way_is_all_that_is_said() {
        let preview = a_preview(
            r#"{"denials":[{"code":"x","message":"port 443 is not in the policy"}],
                "obstacles":[{"place":"web-01-nsg","reason":"rule no-ssh denies it"}],
                "proof":{"opens":[],"closes":[]}}"#,
        );
        let expected =
            ["Refused: port 443 is not in the policy.", "Not possible in web-01-nsg: rule no-ssh denies it."];
        assert_eq!(preview.lines(Language::en), expected);
    }

    #[test]
    fn a_request_that_changes_nothing_says_so() {
        let nothing = a_preview(r#"{"denials":[],"obstacles":[],"proof":{"opens":[],"closes":[]}}"#);
        assert_eq!(nothing.lines(Language::en).len(), 1);
        assert!(nothing.lines(Language::en)[0].contains("already"));
    }
}
