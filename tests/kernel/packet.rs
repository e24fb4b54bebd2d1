//! Packets: what NSG rules see of one, and its bytes.

use std::{fmt, net::IpAddr};

use shared::nsg::evaluate::Transport;

/// By which NSGs a packet is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Both,
    Subnet,
    Nic,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Both, Self::Subnet, Self::Nic];

    /// The device that a packet of this way is written into.
    pub(crate) const fn device(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Subnet => "subnet",
            Self::Nic => "nic",
        }
    }

    fn index(self) -> u8 {
        match self {
            Self::Both => 0,
            Self::Subnet => 1,
            Self::Nic => 2,
        }
    }
}

/// Where one packet or several go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Aim {
    pub(crate) way: Way,
    pub(crate) destination: IpAddr,
    pub(crate) transport: Transport,
    pub(crate) port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) aim: Aim,
    pub(crate) source: IpAddr,
    pub(crate) source_port: u16,
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { aim: Aim { way, destination, transport, port }, source, source_port } = self;
        write!(f, "{transport:?} from {source} port {source_port} to {destination} port {port} by {way:?}")
    }
}

impl Packet {
    /// A frame of the pump's input, whose packet carries `number`.
    pub(crate) fn frame(&self, number: u32) -> Vec<u8> {
        let packet = self.bytes(number);
        let length = u16::try_from(packet.len()).expect("a short packet");
        [&[self.aim.way.index()][..], &length.to_be_bytes(), &packet].concat()
    }

    fn bytes(&self, number: u32) -> Vec<u8> {
        let payload = [&b"PSTN"[..], &number.to_be_bytes()].concat();
        let segment = [self.transport_header(payload.len()), payload].concat();
        let length = u16::try_from(segment.len()).expect("a short packet");
        let protocol = match self.aim.transport {
            Transport::Tcp => 6,
            Transport::Udp => 17,
        };
        let header = match (self.source, self.aim.destination) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let total = (20 + length).to_be_bytes();
                let start = [0x45, 0, total[0], total[1], 0, 0, 0, 0, 64, protocol, 0, 0];
                let mut header = [&start[..], &from.octets(), &to.octets()].concat();
                let sum = checksum(&header).to_be_bytes();
                header[10..12].copy_from_slice(&sum);
                header
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                let length = length.to_be_bytes();
                let start = [0x60, 0, 0, 0, length[0], length[1], protocol, 64];
                [&start[..], &from.octets(), &to.octets()].concat()
            }
            _ => panic!("both ends are of one family: {self}"),
        };
        [header, segment].concat()
    }

    /// A SYN, or a datagram's header; no checksum, as nothing that forwards looks at it.
    fn transport_header(&self, payload: usize) -> Vec<u8> {
        let ports = [self.source_port.to_be_bytes(), self.aim.port.to_be_bytes()].concat();
        let rest = match self.aim.transport {
            Transport::Tcp => vec![0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0],
            Transport::Udp => {
                let length = u16::try_from(8 + payload).expect("a short packet").to_be_bytes();
                vec![length[0], length[1], 0, 0]
            }
        };
        [ports, rest].concat()
    }
}

/// The Internet checksum of an even number of bytes.
fn checksum(header: &[u8]) -> u16 {
    let words = header.chunks_exact(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).expect("folded twice")
}
