//! Reports: one [`Review`](super::Review), or several, told in several ways. A report sees no secrets: they are
//! hidden in the review already.
//!
//! Every report is given the same slice of reviews and returns its text. What they share stands below them:
//! the [`words`] for things, the [`counts`] at the end, how a value is written as [`text`], and how two texts differ by [`lines`].
//!
//! What comes out of charts (names, values, messages) is untrusted: each report escapes it for its own notation,
//! and control and bidirectional characters are written out everywhere.

pub mod counts;
pub mod html;
pub mod json;
pub mod json_patch;
pub mod junit;
pub mod lines;
pub mod markdown;
pub mod sarif;
pub mod terminal;
pub mod text;
pub mod words;

pub use self::html::html;
pub use self::json::json;
pub use self::json_patch::json_patch;
pub use self::junit::junit;
pub use self::markdown::markdown;
pub use self::sarif::sarif;
pub use self::terminal::terminal;
