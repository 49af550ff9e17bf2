//! The program `torii`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
