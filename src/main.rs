//! The program `torii`.

mod cli;
#[allow(unsafe_code)] // measured: see the module
mod pool;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: pool::Pool = pool::Pool;

fn main() -> ExitCode {
    pool::set_up_system();
    cli::run()
}
