//! The NSG of a subnet and the NSG of an interface in it, and what Postern says about packets to there.

use std::{collections::BTreeSet, fmt, net::IpAddr};

use ipnet::IpNet;
use rand::{Rng, seq::SliceRandom};
use shared::{
    address_set::AddressSet,
    inventory::Path,
    nsg::{
        ObservedNsg,
        evaluate::{Openness, Target, evaluate, inlets, through},
    },
    port::PortRange,
    rule::{Access, AddressMatch, NsgRule},
};
use tests::{Neighbourhood, nft};

use crate::packet::{Aim, Packet, Way};

#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) here: Neighbourhood,
    /// A private network that the virtual one is peered with: Azure knows it, Postern does not.
    pub(crate) peered: Option<IpNet>,
    pub(crate) subnet: ObservedNsg,
    pub(crate) nic: ObservedNsg,
}

/// What one part of the algebra says: from where packets to one target get in.
#[derive(Debug)]
pub(crate) struct Claim {
    by: &'static str,
    certain: AddressSet,
    possible: AddressSet,
}

impl Claim {
    fn new(by: &'static str, parts: impl IntoIterator<Item = (AddressSet, AddressSet)>) -> Self {
        let nothing = Self { by, certain: AddressSet::EMPTY, possible: AddressSet::EMPTY };
        parts.into_iter().fold(nothing, |all, (certain, possible)| Self {
            certain: all.certain.union(&certain),
            possible: all.possible.union(&possible),
            ..all
        })
    }

    /// Whether it agrees with the kernel; `Ok(false)` where it leaves the answer open.
    fn judge(&self, source: IpAddr, got_in: bool) -> Result<bool, String> {
        let (certain, possible) = (self.certain.contains(source), self.possible.contains(source));
        if (got_in && !possible) || (!got_in && certain) {
            return Err(format!("{} says certain {certain}, possible {possible}", self.by));
        }
        Ok(certain == possible)
    }
}

impl Pair {
    pub(crate) fn random(rng: &mut impl Rng) -> Self {
        let here = Neighbourhood::random(rng);
        let v4 = ["10.128.0.0/9", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"];
        let net = if here.is_ipv6 { "fd00::/9" } else { *v4.choose(rng).expect("four") };
        let peered = rng.gen_ratio(1, 3).then(|| net.parse().expect("a network"));
        let (subnet, nic) = here.pair(rng);
        Self { here, peered, subnet, nic }
    }

    pub(crate) fn nsgs(&self, way: Way) -> Vec<&ObservedNsg> {
        match way {
            Way::Both => vec![&self.subnet, &self.nic],
            Way::Subnet => vec![&self.subnet],
            Way::Nic => vec![&self.nic],
        }
    }

    pub(crate) fn rules_of(&self, way: Way) -> Vec<&NsgRule> {
        self.nsgs(way).into_iter().flat_map(|nsg| nsg.rules.iter().chain(&nsg.default_rules)).collect()
    }

    /// The table that makes the kernel do what both NSGs say.
    pub(crate) fn script(&self) -> String {
        let network: Vec<IpNet> = self.here.virtual_network.iter().copied().chain(self.peered).collect();
        let chain = |name, nsg| nft::chain(name, nsg, &network).expect("every tag here is known");
        let [subnet, nic] = [chain("subnet", &self.subnet), chain("nic", &self.nic)];
        format!(
            "table inet postern\ndelete table inet postern\ntable inet postern {{\n{subnet}{nic}  chain forward {{
    type filter hook forward priority filter; policy drop;
    meta l4proto 253 accept
    iifname != \"nic\" jump subnet
    iifname != \"subnet\" jump nic
    accept
  }}\n}}\n"
        )
    }

    fn target(&self, aim: Aim) -> Target<'_> {
        let Aim { destination, transport, port, .. } = aim;
        Target { destination, transport, port, virtual_network: &self.here.virtual_network }
    }

    /// From where packets get in, by each way of asking that there is.
    pub(crate) fn claims(&self, aim: Aim) -> Vec<Claim> {
        let (nsgs, target) = (self.nsgs(aim.way), self.target(aim));
        let Target { destination, virtual_network, .. } = target;
        let path = Path { destination, nsgs: Vec::new(), virtual_network };
        let ways = through(&path, &nsgs, aim.transport, aim.port);
        let open = Openness::through(nsgs.iter().copied(), target);
        let mut claims = vec![
            Claim::new("through", ways.into_iter().map(|way| (way.certain, way.possible))),
            Claim::new("Openness", [(open.certain, open.possible)]),
        ];
        if let [nsg] = nsgs[..] {
            let parts = inlets(nsg, target).into_iter().map(|inlet| (inlet.certain, inlet.possible));
            claims.push(Claim::new("inlets", parts));
        }
        claims
    }

    /// What is wrong about Postern's words, given what the kernel did; `Ok(false)` where they leave it open.
    pub(crate) fn judge(&self, packet: &Packet, claims: &[Claim], got_in: bool) -> Result<bool, String> {
        let did = if got_in { "lets it in" } else { "drops it" };
        let verdict = self.verdict(packet);
        if verdict.is_some_and(|verdict| verdict != got_in) {
            return Err(format!("the kernel {did}, evaluate does not"));
        }
        let mut is_known = verdict.is_some();
        for claim in claims {
            let judged = claim.judge(packet.source, got_in);
            is_known &= judged.map_err(|claimed| format!("the kernel {did}, {claimed}"))?;
        }
        if !is_known && !self.may_be_unknown(packet) {
            return Err(format!("the kernel {did}, and Postern does not know, although it could"));
        }
        Ok(is_known)
    }

    /// Whether all NSGs of the way let it in; `None`: not known.
    fn verdict(&self, packet: &Packet) -> Option<bool> {
        let target = self.target(packet.aim);
        let one = |nsg| evaluate(nsg, packet.source, target).map(|(access, _)| access == Access::Allow);
        let verdicts: Vec<Option<bool>> = self.nsgs(packet.aim.way).into_iter().map(one).collect();
        if verdicts.contains(&Some(false)) {
            return Some(false);
        }
        verdicts.iter().all(Option::is_some).then_some(true)
    }

    /// What Postern cannot know: a client's own port, and which private networks belong to the virtual one.
    fn may_be_unknown(&self, packet: &Packet) -> bool {
        let is_any = |rule: &&NsgRule| rule.source_ports.contains(&PortRange::ALL);
        let stranger = |address: IpAddr| {
            let inside = self.here.virtual_network.iter().any(|net| net.contains(&address));
            is_private(address) && !inside
        };
        stranger(packet.source)
            || stranger(packet.aim.destination)
            || !self.rules_of(packet.aim.way).iter().all(is_any)
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (network, peered) = (&self.here.virtual_network, &self.peered);
        writeln!(f, "virtual network {network:?}, peered with {peered:?}")?;
        for (name, nsg) in [("subnet", &self.subnet), ("nic", &self.nic)] {
            writeln!(f, "NSG of the {name}:")?;
            let mut rules: Vec<_> = nsg.rules.iter().chain(&nsg.default_rules).collect();
            rules.sort_by_key(|rule| rule.priority);
            for rule in rules {
                writeln!(f, "  {}", line(rule))?;
            }
        }
        Ok(())
    }
}

fn line(rule: &NsgRule) -> String {
    let NsgRule { priority, direction, access, protocol, .. } = rule;
    let side = |matches: &BTreeSet<AddressMatch>, ports: &BTreeSet<PortRange>| {
        let matches: Vec<String> = matches.iter().map(|one| format!("{one:?}")).collect();
        let ports: Vec<String> = ports.iter().map(PortRange::to_string).collect();
        format!("{} port {}", matches.join(", "), ports.join(", "))
    };
    let from = side(&rule.sources, &rule.source_ports);
    let to = side(&rule.destinations, &rule.destination_ports);
    format!("{priority} {direction:?} {access:?} {protocol:?} from {from} to {to}")
}
