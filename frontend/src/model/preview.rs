//! What Azure's rules as they are now make of a request, before it is sent.

use serde::Deserialize;
use shared::{
    api::{PreviewedObstacle, ProblemBody},
    nsg::proof::{Packets, Proof},
    port::Protocol,
};

/// The part of `POST /api/grants/preview`'s answer that is shown.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Preview {
    denials: Vec<ProblemBody>,
    obstacles: Vec<PreviewedObstacle>,
    proof: Proof,
}

impl Preview {
    /// What would come of it, in sentences.
    pub(crate) fn lines(&self) -> Vec<String> {
        let denials = self.denials.iter().map(|denial| format!("Refused: {}.", denial.message));
        let obstacles =
            self.obstacles.iter().map(|one| format!("Not possible in {}: {}.", one.place, one.reason));
        let against: Vec<String> = denials.chain(obstacles).collect();
        if !against.is_empty() {
            return against;
        }
        let Proof { opens, closes } = &self.proof;
        if opens.is_empty() && closes.is_empty() {
            return vec!["By Azure's rules as they are now, these packets get in already.".to_owned()];
        }
        let opens = opens.iter().map(|packets| said("Opens", "May open", packets));
        opens.chain(closes.iter().map(|packets| said("Closes", "May close", packets))).collect()
    }
}

fn said(surely: &str, perhaps: &str, packets: &Packets) -> String {
    let Packets { from, to, protocol, ports, certain } = packets;
    let list = |items: Vec<String>| items.join(", ");
    let protocol = match protocol {
        Protocol::Any => "TCP and UDP",
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    };
    let ports = list(ports.iter().map(ToString::to_string).collect());
    let to = list(to.iter().map(ToString::to_string).collect());
    let from = list(from.iter().map(|one| origin(one)).collect());
    format!("{} {protocol} port {ports} of {to} to {from}.", if *certain { surely } else { perhaps })
}

/// `203.0.113.7/32` is one address.
fn origin(prefix: &str) -> String {
    match prefix {
        "*" => "every address".to_owned(),
        "Internet" => "the Internet".to_owned(),
        _ => prefix.strip_suffix("/32").or_else(|| prefix.strip_suffix("/128")).unwrap_or(prefix).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_preview(text: &str) -> Preview {
        serde_json::from_str(text).unwrap()
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
        assert_eq!(preview.lines(), expected);
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
        assert_eq!(preview.lines(), expected);
    }

    #[test]
    fn a_request_that_changes_nothing_says_so() {
        let nothing = a_preview(r#"{"denials":[],"obstacles":[],"proof":{"opens":[],"closes":[]}}"#);
        assert_eq!(nothing.lines().len(), 1);
        assert!(nothing.lines()[0].contains("already"));
    }
}
