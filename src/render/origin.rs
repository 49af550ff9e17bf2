//! From a line of output back to the template line that made it, as well as can be told from the texts alone.
//!
//! Engines know the true answer only at a cost that a plain render doesn't pay; this is asked after a failure.

use std::sync::Arc;

use crate::diagnostic::Place;
use crate::template::{Language, Source};

/// Lines of a template that are compared at most.
const MAX_LINES: usize = 200_000;

/// The template line that most likely made the line of this number (from 1) of `output`, the rendering of the
/// template `name`. Its own lines are looked at first, then those of partials.
pub fn template_line(sources: &[Source], name: &str, output: &str, number: usize) -> Option<Place> {
    let lines: Vec<&str> = output.split('\n').collect();
    let own = sources.iter().find(|source| &*source.name == name);
    let partials = sources.iter().filter(|source| crate::manifest::is_partial(&source.name));
    // An error often shows one line late, and an empty line tells nothing.
    let candidates = [number, number.saturating_sub(1), number + 1];
    candidates.into_iter().filter_map(|n| Some((n, lines.get(n.checked_sub(1)?)?.trim()))).find_map(
        |(n, line)| {
            if line.is_empty() {
                return None;
            }
            let near = n * 1000 / lines.len().max(1);
            own.and_then(|source| best(source, line, Some(near)))
                .or_else(|| partials.clone().find_map(|source| best(source, line, None)))
        },
    )
}

/// The line of a template that fits a line of output best: its literal text, in order, must all be there. Of
/// several, the one with the most literal text, then the nearest to `near` (in thousandths of the file).
fn best(source: &Source, line: &str, near: Option<usize>) -> Option<Place> {
    let text = source.text.to_arc();
    let total = text.split('\n').count().max(1);
    let (mut found, mut best) = (None, (0, usize::MAX));
    for (i, candidate) in text.split('\n').take(MAX_LINES).enumerate() {
        let Some(score) = score(candidate, line, source.language) else { continue };
        let distance = near.map_or(0, |near| near.abs_diff(i * 1000 / total));
        if score > best.0 || (score == best.0 && distance < best.1) {
            best = (score, distance);
            found = Some((i, candidate));
        }
    }
    let (i, candidate) = found?;
    let start = candidate.len() - candidate.trim_start().len();
    Some(Place {
        file: source.file.clone(),
        line: i + 1,
        column: candidate[..start].chars().count() + 1,
        length: candidate.trim().chars().count(),
        text: Some(Arc::clone(&text)),
    })
}

/// How much literal text of a template line stands in a line of output, if all of it does.
fn score(candidate: &str, line: &str, language: Language) -> Option<usize> {
    let candidate = candidate.trim();
    if candidate == line {
        return Some(line.len() + 1);
    }
    let mut rest = line;
    let mut literal = 0;
    let mut has_code = false;
    let mut template = candidate;
    while !template.is_empty() {
        let open = code_start(template, language).unwrap_or(template.len());
        let piece = template[..open].trim();
        if !piece.is_empty() {
            let at = rest.find(piece)?;
            // Text before the first code must stand at the beginning.
            if literal == 0 && !has_code && at > 0 {
                return None;
            }
            literal += piece.len();
            rest = &rest[at + piece.len()..];
        }
        template = &template[open..];
        if !template.is_empty() {
            has_code = true;
            let close = template.find("}}").into_iter().chain(template.find("%}")).min();
            template = close.map_or("", |close| &template[close + 2..]);
        }
    }
    (has_code && literal >= 2).then_some(literal)
}

fn code_start(text: &str, language: Language) -> Option<usize> {
    match language {
        Language::Go => text.find("{{"),
        Language::Jinja => text.find("{{").into_iter().chain(text.find("{%")).chain(text.find("{#")).min(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &str) -> Source {
        Source {
            name: name.into(),
            file: format!("charts/{name}").into(),
            base_path: "c/templates".into(),
            text: text.into(),
            language: Language::Go,
        }
    }

    fn line(sources: &[Source], output: &str, number: usize) -> Option<(String, usize, usize)> {
        template_line(sources, "c/templates/a.yaml", output, number)
            .map(|p| (p.file.to_string(), p.line, p.column))
    }

    #[test]
    fn the_literal_text_of_a_line_tells_where_it_comes_from() {
        let own = source(
            "c/templates/a.yaml",
            "{{- if .Values.x }}\nmetadata:\n  name: {{ .Release.Name }}-x\n  labels: {{ .l }}\n{{- end }}\n",
        );
        let output = "\nmetadata:\n  name: r-x\n  labels: a: b\n";
        assert_eq!(
            line(std::slice::from_ref(&own), output, 3),
            Some(("charts/c/templates/a.yaml".into(), 3, 3))
        );
        assert_eq!(
            line(std::slice::from_ref(&own), output, 4),
            Some(("charts/c/templates/a.yaml".into(), 4, 3))
        );
    }

    #[test]
    fn a_line_of_an_include_is_found_in_a_partial() {
        let own = source("c/templates/a.yaml", "metadata:\n  {{- include \"l\" . | nindent 2 }}\n");
        let partial =
            source("c/templates/_h.tpl", "{{ define \"l\" }}\nlabels:\n  app: {{ .x }}: y\n{{ end }}");
        let output = "metadata:\n  labels:\n    app: a: y\n";
        assert_eq!(line(&[own, partial], output, 3), Some(("charts/c/templates/_h.tpl".into(), 3, 3)));
    }

    #[test]
    fn where_nothing_fits_nothing_is_said() {
        let own = source("c/templates/a.yaml", "{{ toYaml .Values }}\n");
        assert_eq!(line(&[own], "a: b: c\n", 1), None);
    }
}
