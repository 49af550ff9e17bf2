//! `--show-only`: the documents of some templates.

use super::split;
use crate::source::path;

/// The documents that come from templates matching one of `patterns`, pattern by pattern, as Helm picks them
/// out of the text it would have printed (`helm pkg/cmd/template.go`). A pattern names files from the chart on,
/// as in `templates/service.yaml` or `charts/sub/templates/*`.
///
/// # Errors
/// Gives the first pattern that matches nothing.
pub fn select<'a>(printed: &'a [u8], patterns: &'a [String]) -> Result<Vec<&'a [u8]>, &'a str> {
    let documents: Vec<(&[u8], Option<String>)> = split::split(printed)
        .into_iter()
        .map(|range| (&printed[range.clone()], source(&printed[range])))
        .collect();
    let mut selected = Vec::new();
    for wanted in patterns {
        let before = selected.len();
        selected.extend(documents.iter().filter_map(|(document, source)| {
            source.as_deref().is_some_and(|source| matches(wanted, source)).then_some(*document)
        }));
        if selected.len() == before {
            return Err(wanted);
        }
    }
    Ok(selected)
}

/// Whether a pattern means a template, both named from the chart on. A pattern that can't be read means none.
pub fn matches(pattern: &str, template: &str) -> bool {
    path::matches(pattern, template).unwrap_or(false)
}

/// What the first comment `# Source: chart/path` in a document says after the chart's name. Helm looks for it
/// anywhere in the document, by the regular expression `# Source: [^/]+/(.+)`.
fn source(document: &[u8]) -> Option<String> {
    const MARK: &[u8] = b"# Source: ";
    memchr::memmem::find_iter(document, MARK).find_map(|at| {
        let rest = &document[at + MARK.len()..];
        let slash = memchr::memchr(b'/', rest).filter(|slash| *slash > 0)?;
        let path = rest[slash + 1..].split(|b| *b == b'\n').next().filter(|path| !path.is_empty())?;
        Some(String::from_utf8_lossy(path).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &[u8] =
        b"---\n# Source: c/templates/a.yaml\na: 1\n---\n# Source: c/charts/d/templates/b.yaml\nb: 1\n\
        ---\n# Source: c/templates/a.yaml\na: 2\n";

    fn selected(patterns: &[&str]) -> Result<Vec<String>, String> {
        let patterns: Vec<String> = patterns.iter().map(|p| p.to_string()).collect();
        select(PRINTED, &patterns)
            .map(|documents| documents.iter().map(|d| String::from_utf8_lossy(d).into_owned()).collect())
            .map_err(str::to_string)
    }

    #[test]
    fn documents_come_pattern_by_pattern() {
        let found = selected(&["charts/*/templates/*", "templates/a.yaml"]).unwrap();
        let ends: Vec<&str> = found.iter().filter_map(|d| d.trim_end().rsplit('\n').next()).collect();
        assert_eq!(ends, ["b: 1", "a: 1", "a: 2"]);
    }

    #[test]
    fn a_pattern_without_a_match_is_named() {
        assert_eq!(selected(&["templates/a.yaml", "templates/x.yaml"]), Err("templates/x.yaml".into()));
    }
}
