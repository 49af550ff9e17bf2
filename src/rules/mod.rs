//! Rules about objects and about changes of objects: below all that use them, so that each rule is there once.

pub mod change;
