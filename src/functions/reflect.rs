//! Go's types seen from a template: `typeOf`, `kindOf`, `deepEqual` and their like.

use super::Type::{Any, Bool, String as Text};
use super::{Function, args, walk};
use crate::value::Value;

/// The family's functions.
pub const FUNCTIONS: &[Function] = &[
    Function::new("typeOf", &[Any], Text, |_, args| Ok(Value::from(args::any(args, 0).type_name()))),
    Function::new("typeIs", &[Text, Any], Bool, |_, args| {
        Ok(Value::Bool(*args::string(args, 0)? == args::any(args, 1).type_name()))
    }),
    Function::new("typeIsLike", &[Text, Any], Bool, |_, args| {
        let (target, name) = (args::string(args, 0)?, args::any(args, 1).type_name());
        Ok(Value::Bool(*target == name || name.strip_prefix('*').is_some_and(|n| *target == n)))
    }),
    Function::new("kindOf", &[Any], Text, |_, args| Ok(Value::from(args::any(args, 0).kind().name()))),
    Function::new("kindIs", &[Text, Any], Bool, |_, args| {
        Ok(Value::Bool(*args::string(args, 0)? == args::any(args, 1).kind().name()))
    }),
    Function::new("deepEqual", &[Any, Any], Bool, |env, args| {
        walk::deep_equal(env, "deepEqual", args::any(args, 0), args::any(args, 1)).map(Value::Bool)
    }),
];
