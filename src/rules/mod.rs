//! Rules about objects and about changes of objects: below all that use them, so that each rule is there once.
//!
//! What rules of both kinds look at: single fields ([`read`]), pods and what they may do ([`workload`]), label
//! selectors ([`selector`]), who selects whom on a side ([`topology`]), into which pods Istio puts its proxy
//! ([`injection`]), and which API versions are gone ([`api_versions`]).

pub mod api_versions;
pub mod change;
pub mod injection;
pub mod object;
pub mod quantity;
pub mod read;
pub mod selector;
pub mod topology;
pub mod traffic;
pub mod workload;
