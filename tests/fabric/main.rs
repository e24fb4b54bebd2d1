//! The contract of the fabric, as Azure in a box holds Postern to it; and that the fabric in memory is like it.

#[cfg(test)]
mod azure;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod firewall;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod inventory;
#[cfg(test)]
mod observe;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod write;
