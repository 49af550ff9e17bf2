//! Pictures of who selects whom: a Gateway the pods of a Deployment, a Service and an autoscaler the same, the pods an
//! account, the account a role.
//!
//! [`build`] makes the [`model`] of a set of objects, [`bound`] makes it small enough to be read, and [`mermaid`],
//! [`dot`] and [`svg`] (which [`layout`] tells where things go) draw it. What they share stands in [`words`].

mod bound;
mod build;
pub mod dot;
mod facts;
mod layout;
pub mod mermaid;
pub mod model;
mod routes;
pub mod svg;
mod words;

pub use self::bound::bound;
pub use self::build::build;
