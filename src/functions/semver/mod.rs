//! Semantic versions and constraints on them, as `Masterminds/semver` v3.5.0 has them: the functions `semver`
//! and `semverCompare`, and what charts ask of Kubernetes and of their dependencies.

mod constraint;
mod object;
mod version;

use std::sync::Arc;

pub use self::constraint::Constraint;
pub use self::object::VersionObject;
pub use self::version::{Version, VersionError};

use super::{Env, Function, FunctionError, FunctionResult, Type, args};
use crate::value::Value;

/// `semver` and `semverCompare`.
pub const FUNCTIONS: &[Function] = &[
    Function::new("semver", &[Type::String], Type::Other("*semver.Version"), semver),
    Function::new("semverCompare", &[Type::String, Type::String], Type::Bool, semver_compare),
];

impl From<VersionError> for FunctionError {
    fn from(error: VersionError) -> FunctionError {
        FunctionError::new(error.to_string())
    }
}

/// Whether a version satisfies a constraint.
///
/// # Errors
/// If one of them is malformed, in Masterminds' words.
pub fn satisfies(version: &str, constraint: &str) -> Result<bool, String> {
    let constraint = Constraint::parse(constraint).map_err(|e| e.message)?;
    let version = Version::parse(version).map_err(|e| e.to_string())?;
    Ok(constraint.check(&version))
}

fn semver(_: &Env, given: &[Value]) -> FunctionResult {
    let version = Version::parse(&args::string(given, 0)?.to_text())?;
    Ok(Value::Object(Arc::new(VersionObject::pointer(version))))
}

fn semver_compare(_: &Env, given: &[Value]) -> FunctionResult {
    let constraint = Constraint::parse(&args::string(given, 0)?.to_text())?;
    let version = Version::parse(&args::string(given, 1)?.to_text())?;
    Ok(Value::Bool(constraint.check(&version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_leniently() {
        for (text, want) in [
            ("v1.2.3", Ok("1.2.3")),
            ("1", Ok("1.0.0")),
            ("01.02", Ok("1.2.0")),
            ("1.0-beta", Ok("1.0.0-beta")),
            ("1.2.3--x+a.01", Ok("1.2.3--x+a.01")),
            ("", Err("invalid semantic version")),
            ("V1", Err("invalid semantic version")),
            ("1.2.3.4", Err("invalid semantic version")),
            ("1.2.3-", Err("invalid semantic version")),
            ("1.2.3-01", Err("version segment starts with 0")),
            (
                "1.99999999999999999999",
                Err(
                    "error parsing version segment: strconv.ParseUint: parsing \"99999999999999999999\": value out of range",
                ),
            ),
        ] {
            let got = Version::parse(text).map(|v| v.to_string()).map_err(|e| e.to_string());
            assert_eq!(got, want.map(str::to_string).map_err(str::to_string), "{text}");
        }
    }

    #[test]
    fn strict_versions_have_three_numbers_without_leading_zeros() {
        for (text, want) in [
            ("1.2.3-a+b", Ok("1.2.3-a+b")),
            ("", Err("version string empty")),
            ("1.2", Err("invalid semantic version")),
            ("v1.2.3", Err("invalid characters in version")),
            ("1.02.3", Err("version segment starts with 0")),
            ("1.2.3+", Err("invalid metadata string")),
            ("1.2.3-a..b", Err("invalid prerelease string")),
            ("1..3", Err("strconv.ParseUint: parsing \"\": invalid syntax")),
        ] {
            let got = Version::parse_strict(text).map(|v| v.to_string()).map_err(|e| e.to_string());
            assert_eq!(got, want.map(str::to_string).map_err(str::to_string), "{text}");
        }
    }

    #[test]
    fn constraints_mean_what_masterminds_means() {
        for (constraint, version, want) in [
            ("= 1.2", "1.2.9", true),
            ("!=1.2", "1.2.5", false),
            ("!=1.x", "2.0.0", true),
            (">1", "1.9.0", false),
            (">1.x", "2.0.0", true),
            ("<=1.2", "1.2.9", true),
            ("<=1", "2.0.0", false),
            ("=<1.2.3", "1.2.3", true),
            ("~1.2.3-beta.2", "1.2.4-beta.2", true),
            ("~*", "0.0.1", true),
            ("*", "1.0.0-rc1", false),
            ("^0.0.3", "0.0.4", false),
            ("^0.0", "0.0.5", true),
            ("^0", "0.5.0", true),
            ("^0", "1.0.0", false),
            ("^1.2.3-beta", "1.3.0-a", true),
            ("1.2 - 1.4.5", "1.4.6", false),
            (" 1.0 - 2.0 ", "1.5.0", true),
            ("1.2.3 - 2", "2.9.9", true),
            (">=1.2,<2.0,!=1.5.0", "1.5.0", false),
            ("<1.0 || >=2.0", "2.0.0", true),
            (">= 1.19-0", "v1.30.2-eks-1234", true),
            (">=1.16.0-0 <1.25.0-0", "1.25.0-rc.1", false),
            (">=v1.2", "v1.2.0", true),
        ] {
            assert_eq!(satisfies(version, constraint), Ok(want), "{constraint} {version}");
        }
    }

    #[test]
    fn malformed_constraints_are_named() {
        for (constraint, want) in [
            ("", "improper constraint: \"\""),
            (">1.2 ||", "improper constraint: \"\""),
            ("!1.2", "improper constraint: \"!1.2\""),
            (">=1.2<1.3", "improper constraint: \">=1.2<1.3\""),
            ("1.2,", "improper constraint: \"1.2,\""),
            ("1|2", "constraint parser error"),
            ("1.2.3-01", "constraint parser error"),
        ] {
            assert_eq!(satisfies("1.2.3", constraint), Err(want.to_string()), "{constraint}");
        }
    }
}
