//! The review of an upgrade: what differs between two sides, why, and what it does to a running cluster.
//!
//! 1. A [`side`] is rendered or read: the objects, and the values and chart they came from.
//! 2. [`crate::compare`] pairs and walks the objects of both sides; what the user [`ignore`]s is set aside.
//! 3. [`crate::rules::change`] says what each change does.
//! 4. Further renders tell what is random ([`volatile`]) and why something differs ([`cause`]); [`values`] says what
//!    differs in the values.
//! 5. Secrets are hidden and noise is folded.
//! 6. A [`report`] prints the [`Review`] that comes of it.
//!
//! [`review`] does the steps 2 to 5:
//!
//! ```no_run
//! use torii::diff::{ReviewOptions, ignore::Rule, review, side::Side};
//! use torii::render::Request;
//!
//! # fn main() -> torii::Result<()> {
//! let old = Side::open("gateway-1.29.0.tgz", &Request::new("gateway-1.29.0.tgz", "edge"))?;
//! let new = Side::open("charts/gateway", &Request::new("charts/gateway", "edge"))?;
//! let options = ReviewOptions { ignore: vec![Rule::parse("Secret")?], ..ReviewOptions::default() };
//! let review = review(&old, &new, &options)?;
//! println!("{}", review.verdict.line);
//! # Ok(())
//! # }
//! ```

mod assemble;
pub mod cause;
mod fold;
mod hide;
pub mod ignore;
pub mod report;
mod review;
mod secret;
pub mod side;
pub mod values;
pub mod volatile;

pub use self::assemble::{ReviewOptions, review};
pub use self::review::*;
