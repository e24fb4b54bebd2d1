//! Real packets: ssh from one network namespace to an sshd in another, through a third whose nftables follow azure-sim's
//! NSGs, while grants are asked for through Postern's API.

#[cfg(test)]
mod demonstration;
#[cfg(test)]
mod network;
#[cfg(test)]
mod ssh;
