//! Kubernetes objects out of rendered files: split, read, told from hooks, put in order.
//!
//! The rules are Helm 4.2.4's, quirks included; each stands in a file of its own: [`split`](split::split),
//! [`order`], [`hook`], [`select`].

pub mod hook;
pub mod object;
pub mod order;
pub mod pattern;
pub mod select;
pub mod split;
mod twice;

use std::ops::Range;
use std::sync::Arc;

use crate::value::Str;
use crate::yaml::{self, YamlError};

pub use self::hook::Hook;
pub use crate::yaml::Head;

/// A rendered file.
#[derive(Clone, Debug)]
pub struct File {
    /// The name of its template: what `# Source:` shows.
    pub name: Arc<str>,
    /// What the template gave.
    pub text: Str,
}

/// A document of a rendered file.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The name of its template.
    pub source: Arc<str>,
    /// The fields that decide where it goes.
    pub head: Head,
    /// What makes it a hook, if it is one.
    pub hook: Option<Hook>,
    text: Str,
    range: Range<usize>,
}

impl Manifest {
    /// The document's text.
    pub fn content(&self) -> &[u8] {
        &self.text.as_bytes()[self.range.clone()]
    }

    /// The text of its rendered file, and where the document lies in it.
    pub fn text(&self) -> (&Str, Range<usize>) {
        (&self.text, self.range.clone())
    }
}

/// The documents of a render, in the order of installation.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// The objects of the release.
    pub objects: Vec<Manifest>,
    /// The hooks.
    pub hooks: Vec<Manifest>,
    /// What the user should know: objects left out, objects that are there twice.
    pub warnings: Vec<String>,
}

/// Objects of one render, or hooks. More are no release that a cluster could take.
const MAX_OBJECTS: usize = 500_000;

/// A document that is not YAML, or not an object.
#[derive(Clone, Debug)]
pub struct BadDocument {
    /// The name of its template.
    pub source: Arc<str>,
    /// Where the document lies in the rendered file, in bytes.
    pub range: Range<usize>,
    /// What is wrong; its lines count from the start of the document.
    pub error: YamlError,
}

impl BadDocument {
    /// The message in Helm's words.
    pub fn message(&self) -> String {
        format!("YAML parse error on {}: {}", self.source, self.error.message)
    }

    /// The line of the rendered file, from 1, at which the document is wrong; `None` if that isn't known.
    pub fn line(&self, file: &[u8]) -> Option<usize> {
        let before = file.get(..self.range.start)?;
        (self.error.line > 0).then(|| memchr::memchr_iter(b'\n', before).count() + self.error.line)
    }
}

/// Makes objects and hooks of rendered files (`helm pkg/release/v1/util/manifest_sorter.go: SortManifests`).
/// Files are taken in byte order of their names; partials and blank files are skipped. With `any_text`, a
/// document that can't be read is an object of no kind.
///
/// # Errors
/// At the first document that can't be read, without `any_text`.
pub fn assemble(files: &[File], any_text: bool) -> Result<Manifests, BadDocument> {
    let mut sorted: Vec<&File> = files.iter().filter(|f| !is_partial(&f.name)).collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut result = Manifests::default();
    for file in sorted {
        for range in split::split(file.text.as_bytes()) {
            let head = match yaml::inspect(&file.text.as_bytes()[range.clone()]) {
                Ok(head) => head,
                Err(_) if any_text => Head::default(),
                Err(error) => return Err(BadDocument { source: file.name.clone(), range, error }),
            };
            let (list, hook) = match hook::role(&head.annotations) {
                hook::Role::Object => (&mut result.objects, None),
                hook::Role::Hook(hook) => (&mut result.hooks, Some(hook)),
                hook::Role::Unknown(events) => {
                    result.warnings.push(format!(
                        "{}: {} {:?} is left out, as Helm does it: it is a hook of an unknown event ({events})",
                        file.name, head.kind, head.name
                    ));
                    continue;
                }
            };
            if list.len() >= MAX_OBJECTS {
                let message = format!("there are more than the limit of {MAX_OBJECTS} objects");
                let error = YamlError { message, line: 0, column: 0 };
                return Err(BadDocument { source: file.name.clone(), range, error });
            }
            list.push(Manifest { source: file.name.clone(), head, hook, text: file.text.clone(), range });
        }
    }
    result.objects.sort_by(|a, b| order::compare_kinds(&a.head.kind, &b.head.kind));
    result.hooks.sort_by(|a, b| order::compare_kinds(&a.head.kind, &b.head.kind));
    let twice = twice::warnings(&result.objects);
    result.warnings.extend(twice);
    Ok(result)
}

/// Whether a template of this name is only for others to include.
pub fn is_partial(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|base| base.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File { name: name.into(), text: text.into() }
    }

    fn names(manifests: &[Manifest]) -> Vec<&str> {
        manifests.iter().map(|m| m.head.name.as_str()).collect()
    }

    #[test]
    fn objects_come_in_install_order_then_by_file_then_as_they_stand() {
        let files = [
            file(
                "c/templates/b.yaml",
                "kind: Service\nmetadata: {name: s1}\n---\nkind: Pod\nmetadata: {name: p}",
            ),
            file(
                "c/templates/a.yaml",
                "kind: Service\nmetadata: {name: s0}\n---\nkind: Odd\nmetadata: {name: o}",
            ),
        ];
        assert_eq!(names(&assemble(&files, false).unwrap().objects), ["s0", "s1", "p", "o"]);
    }

    #[test]
    fn a_document_of_comments_is_kept_and_partials_are_not() {
        let files = [file("c/templates/a.yaml", "# nothing\n"), file("c/templates/_b.yaml", "kind: X")];
        let manifests = assemble(&files, false).unwrap();
        assert_eq!(manifests.objects.len(), 1);
        assert_eq!(manifests.objects[0].content(), b"# nothing\n");
    }

    #[test]
    fn hooks_stand_apart_and_unknown_ones_are_left_out_with_a_warning() {
        let hook = |name, event| {
            format!("kind: Job\nmetadata:\n  name: {name}\n  annotations: {{helm.sh/hook: {event}}}\n")
        };
        let files = [file("c/t/a.yaml", &format!("{}---\n{}", hook("h", "test"), hook("u", "crd-install")))];
        let manifests = assemble(&files, false).unwrap();
        assert_eq!(names(&manifests.hooks), ["h"]);
        assert!(manifests.objects.is_empty());
        assert_eq!(manifests.warnings.len(), 1, "{:?}", manifests.warnings);
    }

    #[test]
    fn the_line_of_a_bad_document_counts_in_the_file() {
        let text = "---\na: 1\n---\n\nb: 2\nc: [\n";
        let error = assemble(&[file("c/t/a.yaml", text)], false).unwrap_err();
        assert_eq!(error.range.start, 14);
        assert!(error.line(text.as_bytes()).is_some_and(|line| line >= 6), "{:?}", error);
        assert!(error.message().starts_with("YAML parse error on c/t/a.yaml: "));
        assert_eq!(assemble(&[file("c/t/a.yaml", text)], true).unwrap().objects.len(), 2);
    }
}
