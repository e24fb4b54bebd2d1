//! The simulator over real HTTP, as the service and Azure's SDKs meet it.

#[cfg(test)]
mod arm_access;
#[cfg(test)]
mod arm_lists;
#[cfg(test)]
mod arm_operations;
#[cfg(test)]
mod arm_reads;
#[cfg(test)]
mod arm_roles;
#[cfg(test)]
mod arm_rules;
#[cfg(test)]
mod arm_writes;
#[cfg(test)]
mod effective_rules;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod firewalls;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod front_door;
#[cfg(test)]
mod interfaces;
#[cfg(test)]
mod machines;
#[cfg(test)]
mod networks;
#[cfg(test)]
mod nsgs;
#[cfg(test)]
mod probe;
#[cfg(test)]
mod public_ips;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod state_file;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tokens;
