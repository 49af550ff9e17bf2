//! The program `torii`.
fn main() {}
