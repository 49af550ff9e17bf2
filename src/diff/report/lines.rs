//! How two texts differ, by lines and by words.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Lines a side up to which two texts are compared line by line; beyond it everything between their common start
/// and end counts as replaced.
pub const MAX_LINES: usize = 50_000;

/// Words a side up to which two lines are compared word by word; beyond it the whole line counts as replaced.
const MAX_WORDS: usize = 200;

/// A part of two texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Lines of both.
    Same(&'a [String]),
    /// Lines of the old text, which those of the new text replace. One of them may be empty.
    Replaced(&'a [String], &'a [String]),
    /// Lines of both that are left out.
    Gap(usize),
}

/// The parts of two texts, in order, with `context` lines around each difference.
pub fn parts<'a>(old: &'a [String], new: &'a [String], context: usize) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let ops = operations(old, new);
    let last = ops.len().saturating_sub(1);
    for (i, op) in ops.iter().enumerate() {
        match *op {
            DiffOp::Equal { old_index, len, .. } => {
                let lines = slice(old, old_index, len);
                let before = if i == 0 { 0 } else { context.min(len) };
                let after = if i == last { 0 } else { context.min(len) };
                // A gap of one line would take as much room as the line.
                if before + after + 1 >= len {
                    parts.push(Part::Same(lines));
                    continue;
                }
                if before > 0 {
                    parts.push(Part::Same(slice(lines, 0, before)));
                }
                parts.push(Part::Gap(len - before - after));
                if after > 0 {
                    parts.push(Part::Same(slice(lines, len - after, after)));
                }
            }
            op => {
                let (old_range, new_range) = (op.old_range(), op.new_range());
                parts.push(Part::Replaced(
                    slice(old, old_range.start, old_range.len()),
                    slice(new, new_range.start, new_range.len()),
                ));
            }
        }
    }
    parts
}

/// The operations that make the new lines of the old ones.
pub fn operations(old: &[String], new: &[String]) -> Vec<DiffOp> {
    if old.len() <= MAX_LINES && new.len() <= MAX_LINES {
        return capture_diff_slices(Algorithm::Myers, old, new);
    }
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (slice(old, start, old.len() - start), slice(new, start, new.len() - start));
    let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_len, new_len) = (old_rest.len() - end, new_rest.len() - end);
    let mut ops = Vec::new();
    if start > 0 {
        ops.push(DiffOp::Equal { old_index: 0, new_index: 0, len: start });
    }
    match (old_len, new_len) {
        (0, 0) => {}
        _ => ops.push(DiffOp::Replace { old_index: start, old_len, new_index: start, new_len }),
    }
    if end > 0 {
        ops.push(DiffOp::Equal { old_index: start + old_len, new_index: start + new_len, len: end });
    }
    ops
}

fn slice<T>(items: &[T], start: usize, len: usize) -> &[T] {
    items.get(start..start.saturating_add(len)).unwrap_or_default()
}

/// A piece of a line, and whether the other line has it otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The text.
    pub text: &'a str,
    /// Whether it differs.
    pub differs: bool,
}

/// Two lines in pieces, which differ word by word. Lines with little in common differ wholly.
pub fn words<'a>(old: &'a str, new: &'a str) -> (Vec<Piece<'a>>, Vec<Piece<'a>>) {
    let whole = |text| vec![Piece { text, differs: true }];
    let (old_words, new_words) = (split(old), split(new));
    if old_words.len() > MAX_WORDS || new_words.len() > MAX_WORDS {
        return (whole(old), whole(new));
    }
    let ops = capture_diff_slices(Algorithm::Myers, &old_words, &new_words);
    let (mut old_pieces, mut new_pieces) = (Pieces::new(old), Pieces::new(new));
    let mut common = 0;
    for op in &ops {
        let differs = !matches!(op, DiffOp::Equal { .. });
        for word in slice(&old_words, op.old_range().start, op.old_range().len()) {
            old_pieces.push(word, differs);
            // Letters and digits tell lines apart; points, slashes and spaces are in all of them.
            if !differs && word.chars().all(char::is_alphanumeric) {
                common += word.len();
            }
        }
        for word in slice(&new_words, op.new_range().start, op.new_range().len()) {
            new_pieces.push(word, differs);
        }
    }
    let letters = |words: &[&str]| -> usize {
        words.iter().filter(|word| word.chars().all(char::is_alphanumeric)).map(|word| word.len()).sum()
    };
    let shorter = letters(&old_words).min(letters(&new_words));
    if common * 4 < shorter || common == 0 {
        return (whole(old), whole(new));
    }
    (old_pieces.pieces, new_pieces.pieces)
}

/// Pieces of a line, with neighbours of one kind in one.
struct Pieces<'a> {
    line: &'a str,
    at: usize,
    pieces: Vec<Piece<'a>>,
    start: usize,
}

impl<'a> Pieces<'a> {
    fn new(line: &'a str) -> Pieces<'a> {
        Pieces { line, at: 0, pieces: Vec::new(), start: 0 }
    }

    /// Adds the next word of the line.
    fn push(&mut self, word: &str, differs: bool) {
        let end = self.at + word.len();
        match self.pieces.last_mut() {
            Some(last) if last.differs == differs => {
                last.text = self.line.get(self.start..end).unwrap_or_default();
            }
            _ => {
                self.start = self.at;
                let text = self.line.get(self.start..end).unwrap_or_default();
                self.pieces.push(Piece { text, differs });
            }
        }
        self.at = end;
    }
}

/// A line in its words: runs of letters and digits, and every other character by itself.
fn split(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in line.char_indices() {
        if c.is_alphanumeric() {
            start.get_or_insert(at);
            continue;
        }
        if let Some(start) = start.take() {
            words.extend(line.get(start..at));
        }
        words.extend(line.get(at..at + c.len_utf8()));
    }
    if let Some(start) = start {
        words.extend(line.get(start..));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_string).collect()
    }

    #[test]
    fn what_is_far_from_a_difference_is_a_gap() {
        let (old, new) = (lines("a b c d e f g X h i j k l m n"), lines("a b c d e f g Y h i j k l m n"));
        let parts = parts(&old, &new, 2);
        assert_eq!(
            parts,
            [
                Part::Gap(5),
                Part::Same(&lines("f g")),
                Part::Replaced(&lines("X"), &lines("Y")),
                Part::Same(&lines("h i")),
                Part::Gap(5),
            ]
        );
    }

    #[test]
    fn a_gap_of_one_line_is_the_line() {
        let (old, new) = (lines("a b c X d e f Y g"), lines("a b c x d e f y g"));
        let parts = parts(&old, &new, 1);
        assert!(parts.contains(&Part::Same(&lines("d e f"))), "{parts:?}");
        assert!(!parts.contains(&Part::Gap(1)), "{parts:?}");
    }

    #[test]
    fn the_parts_of_monstrous_texts_are_found_within_bounds() {
        let old: Vec<String> = (0..MAX_LINES + 10).map(|i| format!("line {i}")).collect();
        let mut new = old.clone();
        new[5] = "other".into();
        new[MAX_LINES] = "other".into();
        let parts = parts(&old, &new, 1);
        let Some(Part::Replaced(a, b)) = parts.iter().find(|p| matches!(p, Part::Replaced(..))) else {
            panic!("{}", parts.len())
        };
        assert_eq!((a.len(), b.len()), (MAX_LINES - 4, MAX_LINES - 4));
    }

    #[test]
    fn texts_of_the_same_lines_in_disorder_end_soon() {
        let mixed = |seed: usize| -> Vec<String> {
            let mut n = seed;
            let mut next = || {
                n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                format!("line {}", (n >> 33) % 17)
            };
            (0..20_000).map(|_| next()).collect()
        };
        let (old, new) = (mixed(1), mixed(2));
        let start = std::time::Instant::now();
        let parts = parts(&old, &new, 3);
        assert!(parts.len() > 1 && start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    }

    #[test]
    fn words_that_differ_are_told_from_those_that_do_not() {
        let (old, new) = words("istio/proxyv2:1.29.0", "istio/proxyv2:1.30.0");
        let shown = |pieces: Vec<Piece<'_>>| -> String {
            pieces.iter().map(|p| if p.differs { format!("[{}]", p.text) } else { p.text.into() }).collect()
        };
        assert_eq!(
            (shown(old), shown(new)),
            ("istio/proxyv2:1.[29].0".into(), "istio/proxyv2:1.[30].0".into())
        );
        let (old, new) = words("ClusterIP", "LoadBalancer");
        assert_eq!((shown(old), shown(new)), ("[ClusterIP]".into(), "[LoadBalancer]".into()));
    }
}
