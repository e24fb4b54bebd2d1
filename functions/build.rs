//! The migrations are part of the binary, and cargo does not see that by itself.

fn main() {
    #[expect(clippy::print_stdout, reason = "that is how a build script talks to cargo")]
    {
        println!("cargo:rerun-if-changed=migrations");
    }
}
