//! Which lines of a rendered file moved.
//!
//! Documents are paired first, by what object they hold, then the lines within each pair: so a document that
//! comes in doesn't seem to be made of the lines of the next one.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Lines of a pair of documents that are compared at most; where more differ, all that differs is taken for changed.
const MAX_LINES: usize = 20_000;
/// Pairs of lines of one piece that are weighed at most; in a larger one, lines are paired in order.
const MAX_PAIRS: usize = 40_000;
/// Lines of an addition that are kept.
const MAX_KEPT: usize = 20;
/// Bytes of each.
const MAX_BYTES: usize = 400;

/// Lines that came in at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The number (from 1) of the line before which there is nothing new; 0 at the start of the file.
    pub after: usize,
    /// How many lines came in.
    pub count: usize,
    /// The first ones of them.
    pub text: Vec<String>,
}

/// What became of a line that did not stay as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It has another text.
    Changed,
    /// It is gone.
    Gone,
}

/// How two texts of a file differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Lines of the old text that did not stay, by number (from 1), in order.
    pub lines: Vec<(usize, Fate)>,
    /// Where lines came in, in order.
    pub added: Vec<Added>,
    /// Lines of the new text that are not as in the old one, by number (from 1), each with the old line that it is in
    /// the place of; for those that came in, with the line that they follow, and `false`.
    pub new_lines: Vec<(usize, usize, bool)>,
}

impl Delta {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.added.is_empty()
    }
}

/// Compares two texts of a file.
pub fn compare(old: &[u8], new: &[u8]) -> Delta {
    if old == new {
        return Delta::default();
    }
    let (old, new) = (split(old), split(new));
    let mut compared = Compared { old: &old, new: &new, delta: Delta::default() };
    let (o, n) = compared.trim(0..old.len(), 0..new.len());
    let divides = |lines: &[&[u8]]| lines.iter().any(|line| is_divider(line));
    if divides(old.get(o.clone()).unwrap_or_default()) || divides(new.get(n.clone()).unwrap_or_default()) {
        compared.documents();
    } else {
        compared.piece(o, n);
    }
    compared.delta
}

fn split(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = text.split(|&b| b == b'\n').collect();
    // What follows the last line break is no line.
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    lines
}

fn is_divider(line: &[u8]) -> bool {
    line.starts_with(b"---")
}

struct Compared<'a> {
    old: &'a [&'a [u8]],
    new: &'a [&'a [u8]],
    delta: Delta,
}

impl Compared<'_> {
    fn documents(&mut self) {
        let (old, new) = (documents(self.old), documents(self.new));
        let identities = |lines: &[&[u8]], ranges: &[Range<usize>]| -> Vec<Vec<u8>> {
            ranges.iter().map(|range| identity(lines.get(range.clone()).unwrap_or_default())).collect()
        };
        let (old_ids, new_ids) = (identities(self.old, &old), identities(self.new, &new));
        let ops = if old_ids.len().saturating_add(new_ids.len()) > MAX_LINES {
            vec![DiffOp::Replace { old_index: 0, old_len: old.len(), new_index: 0, new_len: new.len() }]
        } else {
            capture_diff_slices(Algorithm::Patience, &old_ids, &new_ids)
        };
        for (_, o, n) in joined(&ops) {
            // Documents of other names in the place of as many are the same ones, renamed.
            if o.len() == n.len() {
                for (o, n) in old.get(o).unwrap_or_default().iter().zip(new.get(n).unwrap_or_default()) {
                    let (o, n) = self.trim(o.clone(), n.clone());
                    self.piece(o, n);
                }
            } else {
                let (o, n) = (whole(&old, o, self.old.len()), whole(&new, n, self.new.len()));
                let (o, n) = if o.is_empty() || n.is_empty() { (o, n) } else { self.trim(o, n) };
                self.piece(o, n);
            }
        }
    }

    /// The ranges without the lines that both begin and end with.
    fn trim(&self, mut old: Range<usize>, mut new: Range<usize>) -> (Range<usize>, Range<usize>) {
        while !old.is_empty() && !new.is_empty() && self.old.get(old.start) == self.new.get(new.start) {
            old.start += 1;
            new.start += 1;
        }
        while !old.is_empty() && !new.is_empty() && self.old.get(old.end - 1) == self.new.get(new.end - 1) {
            old.end -= 1;
            new.end -= 1;
        }
        (old, new)
    }

    /// Compares lines within one document.
    fn piece(&mut self, old: Range<usize>, new: Range<usize>) {
        if old.is_empty() || new.is_empty() || old.len().saturating_add(new.len()) > MAX_LINES {
            return self.replaced(old, new);
        }
        let (Some(a), Some(b)) = (self.old.get(old.clone()), self.new.get(new.clone())) else { return };
        let ops = capture_diff_slices(Algorithm::Patience, a, b);
        for (same, o, n) in joined(&ops) {
            if !same {
                self.replaced(o.start + old.start..o.end + old.start, n.start + new.start..n.end + new.start);
            }
        }
    }

    /// Notes lines in the place of others. Those that are of the same kind are the same ones with another text.
    fn replaced(&mut self, old: Range<usize>, new: Range<usize>) {
        let pairs = self.pair(old.clone(), new.clone());
        let mut came = new.start;
        let mut last = old.start;
        for (o, n) in pairs {
            self.add(last, came..n);
            self.delta.lines.extend((last..o).map(|line| (line + 1, Fate::Gone)));
            self.delta.lines.push((o + 1, Fate::Changed));
            self.delta.new_lines.push((n + 1, o + 1, true));
            (last, came) = (o + 1, n + 1);
        }
        self.add(last, came..new.end);
        self.delta.lines.extend((last..old.end).map(|line| (line + 1, Fate::Gone)));
    }

    fn add(&mut self, after: usize, lines: Range<usize>) {
        if lines.is_empty() {
            return;
        }
        self.delta.new_lines.extend(lines.clone().map(|line| (line + 1, after, false)));
        let shown = self.new.get(lines.clone()).unwrap_or_default().iter().take(MAX_KEPT).map(|line| {
            let line = line.get(..MAX_BYTES).unwrap_or(line);
            String::from_utf8_lossy(line).into_owned()
        });
        self.delta.added.push(Added { after, count: lines.len(), text: shown.collect() });
    }

    /// Pairs of old and new lines with the same key at the same depth, in order.
    fn pair(&self, old: Range<usize>, new: Range<usize>) -> Vec<(usize, usize)> {
        if old.is_empty() || new.is_empty() {
            return Vec::new();
        }
        let keys = |lines: &[&[u8]], range: &Range<usize>| -> Vec<(usize, Vec<u8>)> {
            lines.get(range.clone()).unwrap_or_default().iter().map(|line| key(line)).collect()
        };
        let (a, b) = (keys(self.old, &old), keys(self.new, &new));
        if a.len().saturating_mul(b.len()) > MAX_PAIRS {
            let pairs = (0..a.len().min(b.len())).filter(|&i| a.get(i) == b.get(i));
            return pairs.map(|i| (old.start + i, new.start + i)).collect();
        }
        let ops = capture_diff_slices(Algorithm::Myers, &a, &b);
        let same = |op: &DiffOp| match op {
            DiffOp::Equal { old_index, new_index, len } => Some((*old_index, *new_index, *len)),
            _ => None,
        };
        let runs = ops.iter().filter_map(same);
        runs.flat_map(|(o, n, len)| (0..len).map(move |i| (o + i, n + i)))
            .map(|(o, n)| (old.start + o, new.start + n))
            .collect()
    }
}

/// The pieces that are the same and those that are not, neighbours of the latter kind joined.
fn joined(ops: &[DiffOp]) -> Vec<(bool, Range<usize>, Range<usize>)> {
    let mut pieces: Vec<(bool, Range<usize>, Range<usize>)> = Vec::new();
    for op in ops {
        let same = matches!(op, DiffOp::Equal { .. });
        let (old, new) = (op.old_range(), op.new_range());
        match pieces.last_mut() {
            Some((false, o, n)) if !same => {
                o.end = o.end.max(old.end);
                n.end = n.end.max(new.end);
            }
            _ => pieces.push((same, old, new)),
        }
    }
    pieces
}

/// What tells a line of YAML from its neighbours: its depth, and its key or that it is an item of a list.
fn key(line: &[u8]) -> (usize, Vec<u8>) {
    let depth = line.iter().take_while(|&&b| b == b' ').count();
    let text = line.get(depth..).unwrap_or_default();
    let end = text
        .windows(2)
        .position(|pair| pair == b": ")
        .or_else(|| text.ends_with(b":").then(|| text.len().saturating_sub(1)));
    let key = match end {
        Some(end) => text.get(..end).unwrap_or_default().to_vec(),
        None if text.starts_with(b"- ") => b"-".to_vec(),
        None if text.is_empty() => b"\n".to_vec(),
        None => Vec::new(),
    };
    (depth, key)
}

/// The ranges of documents; each begins with its divider.
fn documents(lines: &[&[u8]]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for (index, line) in lines.iter().enumerate() {
        if is_divider(line) && index > start {
            ranges.push(start..index);
            start = index;
        }
    }
    ranges.push(start..lines.len());
    ranges
}

/// The lines of some documents; `end` is where the last of all documents ends.
fn whole(documents: &[Range<usize>], some: Range<usize>, end: usize) -> Range<usize> {
    let start = documents.get(some.start).map_or(end, |range| range.start);
    match documents.get(some).unwrap_or_default().last() {
        Some(last) => start..last.end,
        None => start..start,
    }
}

/// What object a document holds: its kind and its name, as far as the text of the lines tells.
fn identity(lines: &[&[u8]]) -> Vec<u8> {
    let mut identity = Vec::new();
    let mut within_metadata = false;
    for line in lines {
        let starts = line.first().is_some_and(|b| !b" #-".contains(b));
        if starts {
            within_metadata = line.starts_with(b"metadata:");
        }
        let tells = line.starts_with(b"kind:")
            || within_metadata && (line.starts_with(b"  name:") || line.starts_with(b"  namespace:"));
        if tells {
            identity.extend_from_slice(line);
            identity.push(b'\n');
        }
    }
    identity
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that did not stay, and after which line how many came in.
    type Moved = (Vec<(usize, Fate)>, Vec<(usize, usize)>);

    fn delta(old: &str, new: &str) -> Moved {
        let delta = compare(old.as_bytes(), new.as_bytes());
        (delta.lines, delta.added.iter().map(|added| (added.after, added.count)).collect())
    }

    #[test]
    fn a_line_with_another_text_is_changed_and_one_without_a_counterpart_is_gone() {
        assert_eq!(delta("a: 1\nb: 2\nc: 3\n", "a: 1\nb: 5\nc: 3\n"), (vec![(2, Fate::Changed)], vec![]));
        assert_eq!(delta("a: 1\nb: 2\nc: 3\n", "a: 1\nc: 3\n"), (vec![(2, Fate::Gone)], vec![]));
        assert_eq!(
            delta("a: 1\nb: 2\nc: 3\n", "a: 1\nx: 2\ny: 3\nc: 3\n"),
            (vec![(2, Fate::Gone)], vec![(1, 2)])
        );
    }

    #[test]
    fn lines_that_come_in_are_told_by_the_line_before() {
        assert_eq!(delta("a: 1\nb: 2\n", "a: 1\nx: 1\nb: 2\n"), (vec![], vec![(1, 1)]));
        assert_eq!(delta("a: 1\n", "x: 1\na: 1\n"), (vec![], vec![(0, 1)]));
        assert_eq!(delta("", "x: 1\n"), (vec![], vec![(0, 1)]));
    }

    #[test]
    fn a_document_that_comes_in_leaves_its_neighbours_as_they_are() {
        let document =
            |name: &str, data: &str| format!("---\nkind: A\nmetadata:\n  name: {name}\ndata: {data}\n");
        let old = document("a", "1") + &document("c", "1");
        let new = document("a", "1") + &document("b", "1") + &document("c", "1");
        assert_eq!(delta(&old, &new), (vec![], vec![(5, 5)]));
        assert_eq!(delta(&new, &old).0, (6..=10).map(|line| (line, Fate::Gone)).collect::<Vec<_>>());
        let renamed = document("x", "1") + &document("c", "2");
        assert_eq!(delta(&old, &renamed), (vec![(4, Fate::Changed), (10, Fate::Changed)], vec![]));
    }
}
