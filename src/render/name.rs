//! Names of releases.

use std::sync::Arc;

use crate::diagnostic::{Error, Result};
use crate::functions::Env;
use crate::limits::Limits;
use crate::template::{Engine, Language, Source};
use crate::value::{Map, MapType};

/// The name of a release that was given none.
pub const DEFAULT: &str = "release-name";

const MAX_LENGTH: usize = 53;
const PATTERN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

/// Checks a name as Helm does (`helm pkg/chart/v2/util/validate_name.go`).
///
/// # Errors
/// When it could not be the name of Kubernetes objects.
pub fn check(name: &str) -> Result<()> {
    let problem = if name.is_empty() {
        "no name provided".to_string()
    } else if name.len() > MAX_LENGTH || !name.split('.').all(is_label) {
        format!(
            "invalid release name, must match regex {PATTERN} and the length must not be longer than {MAX_LENGTH}"
        )
    } else {
        return Ok(());
    };
    Err(Error::new(format!("release name check failed: release name {name:?}: {problem}")))
}

/// Lower-case letters, digits and dashes, no dash at either end.
fn is_label(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
}

/// A name made of the chart's and the time, in seconds since 1970 (`helm pkg/action/install.go: NameAndChart`).
pub fn generated(chart: &str, seconds: u64) -> String {
    let base = match chart.trim_end_matches('/').rsplit('/').next() {
        Some("") if chart.contains('/') => "/",
        None | Some("" | ".") => "chart",
        Some(base) => base,
    };
    let base = base.find('.').map_or(base, |dot| &base[..dot]);
    format!("{base}-{seconds}")
}

/// A name made by a Go template, which sees nothing but the functions (`--name-template`).
///
/// # Errors
/// When the template can't be parsed or run.
pub fn from_template(text: &str) -> Result<String> {
    let source = Source {
        name: "name-template".into(),
        file: "--name-template".into(),
        base_path: "".into(),
        text: text.into(),
        language: Language::Go,
    };
    let engine = Engine::parse(std::slice::from_ref(&source), Arc::new(Env::new(Limits::default())))?;
    Ok(engine.render(&source, &Map::new(MapType::Any))?.to_text().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_must_suit_kubernetes() {
        for good in ["a", "my-release", "a.b-c.d", "0", &"a".repeat(53)] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a..b", ".a", "a_b", "a b", &"a".repeat(54)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_generated_name_holds_the_charts_name_up_to_a_dot() {
        assert_eq!(generated("charts/gateway/", 5), "gateway-5");
        assert_eq!(generated("./gateway-1.2.0.tgz", 5), "gateway-1-5");
        assert_eq!(generated(".", 5), "chart-5");
        assert_eq!(generated("../..", 5), "-5");
    }
}
