//! The tree to the source that minijinja runs. Where minijinja means something else than Jinja2 (operators,
//! mutable literals, macros, imports without context), the source calls Torii's own filters instead; each
//! piece remembers the place of the original text that it stands for, so that errors point there.

mod expressions;
mod record;
mod scan;
mod statements;
mod templates;

use std::collections::HashSet;
use std::fmt::Write;

use self::record::Notes;
use super::ast::{Span, Stmt, Target};
use super::lexer::SyntaxError;
use super::record::Node;

/// A piece of the generated source and the text it stands for.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub generated: Span,
    pub original: Span,
}

/// What minijinja gets.
#[derive(Debug)]
pub(super) struct Lowered {
    pub source: String,
    pub segments: Vec<Segment>,
    /// Names that the template gives to variables and macros, for hints.
    pub names: Vec<String>,
    /// The nodes that the source tells of; none unless renders are to be recorded.
    pub nodes: Vec<Node>,
}

/// Resolves the constant name of an imported template to the name in the environment.
pub(super) type Resolve<'r> = &'r dyn Fn(&str) -> Option<String>;

struct Lower<'a, 'r> {
    out: String,
    segments: Vec<Segment>,
    /// Names that this template assigns anywhere: a call of one is not a call of the library.
    bound: HashSet<&'a str>,
    renames: Vec<(&'a str, String)>,
    temps: usize,
    /// How many conditions surround this place: there, as in Jinja2, an unknown filter fails only if reached.
    conditions: usize,
    base: &'r str,
    resolve: Resolve<'r>,
    blocks: HashSet<&'a str>,
    /// What is noted for renders that are recorded.
    notes: Option<Notes>,
}

type Done = Result<(), SyntaxError>;

/// Lowers a template of the chart whose templates folder is `base`. If its renders are to be recorded, `unit` is
/// the number by which the source means the template.
pub(super) fn lower(
    body: &[Stmt<'_>],
    base: &str,
    resolve: Resolve<'_>,
    unit: Option<u32>,
) -> Result<Lowered, SyntaxError> {
    let mut lower = Lower {
        out: String::with_capacity(4096),
        segments: Vec::with_capacity(256),
        bound: HashSet::new(),
        renames: Vec::new(),
        temps: 0,
        conditions: 0,
        base,
        resolve,
        blocks: HashSet::new(),
        notes: unit.map(|unit| Notes { unit, nodes: Vec::new(), depth: 0 }),
    };
    lower.collect(body);
    lower.note("__unit", unit.map(|_| 0));
    lower.body(body)?;
    let names = lower.bound.iter().map(|n| (*n).to_string()).collect();
    let nodes = lower.notes.map(|notes| notes.nodes).unwrap_or_default();
    Ok(Lowered { source: lower.out, segments: lower.segments, names, nodes })
}

/// The name that a generated variable may not collide with.
fn internal(name: &str) -> bool {
    name.starts_with("__t")
}
impl<'a> Lower<'a, '_> {
    fn temp(&mut self) -> String {
        self.temps += 1;
        format!("__t{}", self.temps)
    }

    fn is_renamed(&self, name: &str) -> bool {
        self.renames.iter().any(|(n, _)| *n == name)
    }

    /// Prepares a name to be assigned to: minijinja keeps some for itself.
    fn declare(&mut self, name: &'a str) {
        if (matches!(name, "loop" | "self") || internal(name)) && !self.is_renamed(name) {
            let to = self.temp();
            self.renames.push((name, to));
        }
    }

    /// Gives the names of a target other ones, which nothing else uses.
    fn rename(&mut self, target: &Target<'a>) {
        let mut names = Vec::new();
        names_of(target, &mut names);
        for name in names {
            let temp = self.temp();
            self.renames.push((name, temp));
        }
    }

    fn put_name(&mut self, name: &str) {
        match self.renames.iter().rev().find(|(n, _)| *n == name) {
            Some((_, to)) => self.out.push_str(to),
            None => write_identifier(&mut self.out, name),
        }
    }

    fn target(&mut self, target: &Target<'a>) {
        match target {
            Target::Name(name) => {
                self.declare(name);
                self.put_name(name);
            }
            Target::Field(name, field, _) => {
                self.put_name(name);
                self.out.push('.');
                self.out.push_str(field);
            }
            Target::Tuple(targets) => {
                for (i, t) in targets.iter().enumerate() {
                    if i > 0 {
                        self.out.push_str(", ");
                    }
                    let nested = matches!(t, Target::Tuple(_));
                    if nested {
                        self.out.push('(');
                    }
                    self.target(t);
                    if nested {
                        self.out.push(')');
                    }
                }
                if targets.len() == 1 {
                    self.out.push(',');
                }
            }
        }
    }

    fn mark(&mut self, from: usize, original: &Span) {
        self.segments.push(Segment { generated: from..self.out.len(), original: original.clone() });
    }
}

fn names_of<'a>(target: &Target<'a>, out: &mut Vec<&'a str>) {
    match target {
        Target::Name(name) => out.push(name),
        Target::Field(..) => {}
        Target::Tuple(targets) => targets.iter().for_each(|t| names_of(t, out)),
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A name as minijinja takes it: ASCII.
fn write_identifier(out: &mut String, name: &str) {
    if name.is_ascii() {
        out.push_str(name);
        return;
    }
    out.push_str("u__");
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else {
            let _ = write!(out, "_{:x}", c as u32);
        }
    }
}
