//! Postern's API against Azure in a box, in process, on a clock that is moved by hand.

#[cfg(test)]
mod arm;
#[cfg(test)]
mod arm_batch;
#[cfg(test)]
mod arm_changes;
#[cfg(test)]
mod arm_examples;
#[cfg(test)]
mod arm_initiate;
#[cfg(test)]
mod arm_policies;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod auth;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod bulk_grants;
#[cfg(test)]
mod bulk_policies;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod connect;
#[cfg(test)]
mod endpoints;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod expiry;
#[cfg(test)]
mod failover;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod filters;
#[cfg(test)]
mod firewall;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod health;
#[cfg(test)]
mod health_report;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod instances;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod moves;
#[cfg(test)]
mod moving_grants;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod policy_changes;
#[cfg(test)]
mod preview;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod upgrade;
#[cfg(test)]
mod vm_order;
#[cfg(test)]
mod vm_pages;
#[cfg(test)]
mod vm_warnings;
#[cfg(test)]
mod vms;
