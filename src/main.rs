//! The one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    nimbus::cli::main()
}
