//! How the program is linked.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // On Linux, a program that may be loaded anywhere has some 25,000 addresses in its tables, of commands,
    // functions and characters, which the loader writes anew at each start: a tenth of the time of rendering a
    // common chart. One that is loaded where it was linked for has them in the file. Nothing here rests on where
    // the code lies: the memory of data, stack and libraries is placed at random all the same.
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
