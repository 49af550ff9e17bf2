//! Where a line of a render comes from, and where a value goes to.
//!
//! - [`influence`] changes values and renders again: what moves, depends on them.
//! - [`unused`] finds values that nobody reads.

pub mod influence;
pub mod unused;
