//! The real functions of AWS Lambda in its emulator, with a real store: opened, frozen, thawed, invoked twice, closed.
//!
//! Only `cargo xtask test` has the emulator: without it these tests are ignored.

#[cfg(test)]
mod functions;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod story;
