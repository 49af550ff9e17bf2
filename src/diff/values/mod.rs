//! What differs in the values.

pub mod defaults;
pub mod leaves;
pub mod places;
