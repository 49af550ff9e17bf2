//! The review of an upgrade: what differs between two sides, why, and what it does to a running cluster.
//!
//! 1. A *side* is rendered or read: the objects, and the values and chart they came from.
//! 2. [`crate::compare`] pairs and walks the objects of both sides.
//! 3. [`crate::rules::change`] says what each change does.
//! 4. Noise is folded, ignored changes are set aside, causes are told, secrets are hidden.
//! 5. A [`report`] prints the [`Review`] that comes of it.

pub mod cause;
pub mod ignore;
pub mod report;
mod review;
mod secret;
pub mod side;
pub mod values;
pub mod volatile;

pub use self::review::*;
