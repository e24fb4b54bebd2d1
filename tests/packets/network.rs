//! A client's machine, a VM, and between them what Azure's network does.

use std::net::IpAddr;

use ipnet::IpNet;
use shared::nsg::ObservedNsg;
use tests::{CLIENT_ADDRESS, Namespace, nft};

/// An address beside the client's that nobody asks a grant for.
pub(crate) const STRANGER: &str = "203.0.113.8";
const CLIENT_GATEWAY: &str = "203.0.113.1";

#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) client: Namespace,
    pub(crate) machine: Namespace,
    fabric: Namespace,
    pub(crate) public: IpAddr,
    pub(crate) private: IpAddr,
    /// How often established flows have been looked at anew. Each accepted flow bears the number of its time.
    epoch: u32,
}

impl Network {
    /// Joins the three, or says why this machine or this user cannot.
    pub(crate) fn create(purpose: &str, public: IpAddr, private: IpAddr) -> Result<Self, String> {
        let create =
            |place: &str| Namespace::create(&format!("{purpose}-{place}"), &["ssh", "ssh-keygen", "sshd"]);
        let (client, fabric, machine) = (create("client")?, create("fabric")?, create("machine")?);
        let network = Self { client, machine, fabric, public, private, epoch: 1 };
        let gateway = gateway(private);
        network.join("outside", &network.client, &[CLIENT_ADDRESS, STRANGER], CLIENT_GATEWAY);
        network.join("inside", &network.machine, &[&private.to_string()], &gateway);
        let forward = ["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"];
        network.fabric.run(&forward).expect("a namespace of ours can forward");
        Ok(network)
    }

    fn join(&self, port: &str, end: &Namespace, addresses: &[&str], gateway: &str) {
        let run =
            |place: &Namespace, words: &[&str]| place.run(words).expect("a namespace of ours has links");
        let fabric = &self.fabric;
        run(fabric, &["ip", "link", "add", port, "type", "veth", "peer", "name", "uplink"]);
        run(fabric, &["ip", "link", "set", "uplink", "netns", end.name()]);
        run(fabric, &["ip", "address", "add", &format!("{gateway}/24"), "dev", port]);
        run(fabric, &["ip", "link", "set", port, "up"]);
        for address in addresses {
            run(end, &["ip", "address", "add", &format!("{address}/24"), "dev", "uplink"]);
        }
        run(end, &["ip", "link", "set", "uplink", "up"]);
        run(end, &["ip", "route", "add", "default", "via", gateway]);
    }

    /// From now on these NSGs decide, in this order: over new flows and, if `flush`, over established ones once more.
    pub(crate) fn load(&mut self, nsgs: &[ObservedNsg], virtual_network: &[IpNet], flush: bool) {
        self.epoch += u32::from(flush);
        let names = (0..nsgs.len()).map(|number| format!("nsg{number}"));
        let chains =
            nsgs.iter().zip(names.clone()).map(|(nsg, name)| nft::chain(&name, nsg, virtual_network));
        let chains: String = chains.collect::<Result<_, _>>().expect("the NSGs name known tags only");
        let jumps: String = names.map(|name| format!("    jump {name}\n")).collect();
        let Self { public, private, epoch, .. } = self;
        let script = format!(
            "table inet fabric
delete table inet fabric
table inet fabric {{
{chains}  chain prerouting {{
    type nat hook prerouting priority dstnat;
    ip daddr {public} dnat ip to {private}
  }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
    ct mark {epoch} accept
    iifname \"inside\" drop
{jumps}    ct mark set {epoch} accept
  }}
}}
"
        );
        self.fabric.nft(&script).expect("nft takes the NSGs");
    }
}

/// The first address of a /24, as Azure has it.
fn gateway(private: IpAddr) -> String {
    let IpAddr::V4(address) = private else { panic!("the demo fleet's VMs have IPv4 addresses: {private}") };
    let [a, b, c, _] = address.octets();
    format!("{a}.{b}.{c}.1")
}
