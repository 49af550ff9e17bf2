//! The comments of a values file, by the entries they are about: those right above a key, and the one beside it.

use std::collections::{HashMap, HashSet};

use torii::value::Str;
use torii::yaml::{Step, standings};

/// What is written around an entry.
#[derive(Clone, Debug, Default)]
pub struct Comment {
    /// The lines right above it: empty ones, and comments with how far they are indented beyond the entry.
    pub above: Vec<(usize, String)>,
    /// The comment behind it, from its `#` on.
    pub beside: Option<String>,
}

/// A values file, as far as its comments go.
#[derive(Debug, Default)]
pub struct File {
    comments: HashMap<Vec<Step>, Comment>,
    /// The place of each entry in the order of the file.
    order: HashMap<Vec<Step>, usize>,
    /// Comments below the last entry.
    pub end: Vec<String>,
}

impl File {
    /// Reads the comments of a text. What came by an alias has none of its own.
    pub fn read(text: &Str) -> File {
        let text = text.to_text();
        let lines: Vec<&str> = text.lines().collect();
        let mut entries: Vec<(Vec<Step>, usize, usize)> = Vec::new();
        standings(text.as_bytes(), &mut |path, standing| {
            if standing.alias.is_none() && !path.is_empty() {
                entries.push((path.to_vec(), standing.at.line, standing.at.column));
            }
        });
        let in_scalar = block_scalars(&lines);
        let is_remark = |line: usize| {
            let text = lines.get(line - 1).map(|text| text.trim());
            text.is_some_and(|text| text.is_empty() || text.starts_with('#')) && !in_scalar.contains(&line)
        };
        let mut file = File::default();
        let mut taken = HashSet::new();
        for (index, (path, line, column)) in entries.into_iter().enumerate() {
            file.order.insert(path.clone(), index);
            // The first entry of a line has what is around it.
            if !taken.insert(line) {
                continue;
            }
            let first = (1..line).rev().take_while(|line| is_remark(*line)).last().unwrap_or(line);
            let above =
                (first..line).filter(|line| taken.insert(*line)).filter_map(|line| lines.get(line - 1));
            let above = above.map(|text| {
                let indent = text.chars().take_while(|c| *c == ' ').count();
                (indent.saturating_sub(column - 1), text.trim().to_string())
            });
            let comment =
                Comment { above: above.collect(), beside: lines.get(line - 1).and_then(|l| beside(l)) };
            if !comment.above.is_empty() || comment.beside.is_some() {
                file.comments.insert(path, comment);
            }
        }
        let count = lines.len();
        let last = (1..=count).rev().take_while(|line| is_remark(*line) && !taken.contains(line)).last();
        let end = lines.get(last.unwrap_or(count + 1) - 1..).unwrap_or_default();
        file.end = end.iter().map(|line| line.trim().to_string()).collect();
        while file.end.last().is_some_and(String::is_empty) {
            file.end.pop();
        }
        file
    }

    /// What is written around the entry at a path.
    pub fn of(&self, path: &[Step]) -> Option<&Comment> {
        self.comments.get(path)
    }

    /// Where an entry stands among the others; none if it isn't in the file.
    pub fn order(&self, path: &[Step]) -> Option<usize> {
        self.order.get(path).copied()
    }
}

/// The lines, from 1, that are the text of block scalars: what looks like a comment there is none.
fn block_scalars(lines: &[&str]) -> HashSet<usize> {
    let mut found = HashSet::new();
    // How far the text is indented that a scalar is in, while there is one.
    let mut around: Option<usize> = None;
    for (index, line) in lines.iter().enumerate() {
        let indent = line.chars().take_while(|c| *c == ' ').count();
        if line.trim().is_empty() {
            continue;
        }
        if around.is_some_and(|around| indent > around) {
            found.insert(index + 1);
            continue;
        }
        around = None;
        let code = line.get(..beside_start(line).unwrap_or(line.len())).unwrap_or(line).trim_end();
        if is_block_header(code) {
            // In `- key: |` the scalar is in what the dash begins.
            let inner = code.trim_start_matches([' ', '-']);
            let has_key = inner.contains(": ") || inner.contains(":\t");
            around = Some(if has_key { code.len() - inner.len() } else { indent });
        }
    }
    found
}

/// Whether a line ends as `key: |-` does.
fn is_block_header(code: &str) -> bool {
    let body = code.trim_end_matches(|c: char| matches!(c, '+' | '-') || c.is_ascii_digit());
    let before = body.strip_suffix(['|', '>']);
    code.len() - body.len() <= 2 && before.is_some_and(|before| before.is_empty() || before.ends_with(' '))
}

fn beside(line: &str) -> Option<String> {
    line.get(beside_start(line)?..).map(|comment| comment.trim_end().to_string())
}

/// Where the comment behind an entry begins: at a `#` after a blank, outside of quotes.
fn beside_start(line: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = ' ';
    let mut escaped = false;
    for (index, c) in line.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '#' && before.is_whitespace() => return Some(index),
            // A quote within a plain scalar is a character like others.
            None if matches!(c, '"' | '\'') && matches!(before, ' ' | '[' | '{' | ',' | ':') => {
                quote = Some(c)
            }
            None => {}
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str) -> Vec<Step> {
        path.split('.').map(|s| s.parse().map_or_else(|_| Step::key(s), Step::Index)).collect()
    }

    #[test]
    fn a_comment_belongs_to_the_key_below_it_or_beside_it() {
        let text = "# head\n\n# -- a\na: 1 # one\nb: {c: '# no', d: \"\\\" # no\"} # two\nl:\n# item\n- x: 1 # three\n\
                    s: |\n  # text\n  more\n# after\nlast: a#b\n# end\n";
        let file = File::read(&Str::from(text));
        let above = |p: &str| {
            file.of(&path(p)).map(|c| c.above.iter().map(|(_, t)| t.as_str()).collect::<Vec<_>>().join("|"))
        };
        let beside = |p: &str| file.of(&path(p)).and_then(|c| c.beside.clone()).unwrap_or_default();
        assert_eq!(above("a").unwrap(), "# head||# -- a");
        assert_eq!((beside("a"), beside("b"), beside("b.c")), ("# one".into(), "# two".into(), "".into()));
        assert_eq!((above("l.0").unwrap(), beside("l.0")), ("# item".into(), "# three".into()));
        assert_eq!(above("last").unwrap(), "# after");
        assert_eq!(beside("last"), "");
        assert_eq!(file.end, ["# end"]);
    }

    #[test]
    fn text_of_block_scalars_is_no_comment() {
        let file = File::read(&Str::from(
            "a:\n  - k: |-\n      # x\n\n      # y\n    # z\n    m: >\n      # w\nb: 1\n",
        ));
        let above = file.of(&path("a.0.m")).unwrap();
        assert_eq!(above.above, [(0, "# z".to_string())]);
        assert!(file.of(&path("b")).is_none());
    }
}
