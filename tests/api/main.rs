//! Postern's API against Azure in a box, in process, on a clock that is moved by hand.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod auth;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod expiry;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod vms;
