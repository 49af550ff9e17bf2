//! Reports: one [`Review`](super::Review), told in several ways. A report sees no secrets: they are hidden in the
//! review already.
