//! The rules that matter to a mismatch.

use shared::nsg::ObservedNsg;

use crate::{packet::Packet, pair::Pair, pump::Kernel};

/// The pair without every rule that the packet's mismatch does not need.
pub(crate) fn shrink(pair: &Pair, packet: &Packet, kernel: &mut Kernel) -> Pair {
    let mut small = pair.clone();
    for pick in [|pair: &mut Pair| &mut pair.subnet, |pair: &mut Pair| &mut pair.nic]
        as [fn(&mut Pair) -> &mut ObservedNsg; 2]
    {
        let mut step = pick(&mut small).rules.len();
        while step > 0 {
            let mut at = 0;
            while at < pick(&mut small).rules.len() {
                let mut smaller = small.clone();
                let rules = &mut pick(&mut smaller).rules;
                rules.drain(at..(at + step).min(rules.len()));
                if is_wrong(&smaller, packet, kernel) {
                    small = smaller;
                } else {
                    at += step;
                }
            }
            step /= 2;
        }
    }
    small
}

fn is_wrong(pair: &Pair, packet: &Packet, kernel: &mut Kernel) -> bool {
    kernel.load(pair);
    let got_in = kernel.pump(&[*packet])[0];
    pair.judge(packet, &pair.claims(packet.aim), got_in).is_err()
}
