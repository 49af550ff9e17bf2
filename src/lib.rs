//! Torii, the gateway to Kubernetes charts: renders them, shows their values, reviews their upgrades.
//!
//! # The way through
//! A chart goes from left to right once, and nothing calls back:
//!
//! 1. [`source`] finds the chart's files: a directory, an archive, a git revision, a repository or registry;
//!    [`dependency`] keeps the charts within it, [`package`] makes an archive of it, and [`new`] a fresh one.
//! 2. [`chart`] makes of them what a chart is: metadata, templates, dependencies, schema.
//! 3. [`values`] layers defaults, values files and `--set` into what the templates see.
//! 4. [`template`] runs the two languages, Jinja and Go's text/template, over one library of [`functions`].
//! 5. [`render`] drives the above in Helm's order, and [`manifest`] makes Kubernetes objects of the output.
//!
//! 6. [`compare`] says what differs between two sets of objects, [`rules`] what that does to a cluster, and
//!    [`diff`] makes a review of it.
//! 7. [`explain`] says where a line of a render comes from.
//! 8. [`check`] says what is wrong with objects, by rules, before a cluster sees them.
//! 9. [`istio`] makes objects of IstioOperator files, as `istioctl manifest generate` does.
//! 10. [`graph`] draws who selects whom.
//!
//! A render can be recorded: [`trace`] tells which template wrote each line, and what of the values it read.
//!
//! Below them stand the data model ([`value`]), the two notations ([`yaml`], [`json`]), the bounds that
//! every step keeps ([`limits`]) and the errors that every step speaks ([`diagnostic`]).

pub mod chart;
pub mod check;
pub mod compare;
pub mod config;
pub mod dependency;
pub mod diagnostic;
pub mod diff;
pub mod explain;
pub mod functions;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod graph;
pub mod istio;
pub mod json;
pub mod limits;
pub mod manifest;
pub mod new;
pub mod package;
pub mod render;
pub mod report;
pub mod rules;
pub mod source;
pub mod template;
pub mod trace;
pub mod value;
pub mod values;
pub mod yaml;

pub use diagnostic::{Error, Result};
