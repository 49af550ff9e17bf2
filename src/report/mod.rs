//! What the reports of `diff` and `check` share: notations that other programs read.

pub mod sarif;
pub mod xml;
