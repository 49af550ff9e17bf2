//! The program `torii`.
// On Linux, `start` has the program's `main`. Tests have their own.
#![cfg_attr(all(target_os = "linux", target_env = "gnu", not(test)), no_main)]

mod cli;
#[allow(unsafe_code)] // measured: see the module
mod pool;
#[allow(unsafe_code)] // measured: see the module
mod room;
#[cfg(all(target_os = "linux", target_env = "gnu", not(test)))]
#[allow(unsafe_code)] // measured: see the module
mod start;

#[global_allocator]
static ALLOCATOR: pool::Pool = pool::Pool;

#[cfg(not(all(target_os = "linux", target_env = "gnu", not(test))))]
fn main() -> std::process::ExitCode {
    room::run().into()
}
