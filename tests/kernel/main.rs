//! An oracle that has never seen Postern: the Linux kernel, which decides over real packets by nftables rules made from
//! random NSGs. What it lets in and drops must be what `evaluate`, `inlets` and `through` say.

#[cfg(test)]
mod aim;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod packet;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod pump;
#[cfg(test)]
mod shrink;
