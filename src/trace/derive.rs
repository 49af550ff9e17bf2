//! Who wrote a text that a function made of others: `nindent`, `trim`, `replace`, `printf`, `quote`.
//!
//! Nothing is known of the function. Its result is laid beside the texts it was given, line by line without the
//! spaces around: a line that is in one of them, after those found before, was written by whoever wrote it there.
//! So is the part of a line that is one of theirs; the rest of it is the function's own. A line that is itself a
//! part of one was written by all who wrote that one. Lines that were changed beyond that stand for those given
//! ones that are missing at their place; if none is, they are the function's own.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::{EmissionId, Record, Segment};

/// So many emissions are named for one piece.
const MAX_WRITERS: usize = 64;

/// A line without the spaces around it.
struct Line<'a> {
    input: usize,
    /// Its bytes within its text.
    range: Range<usize>,
    trimmed: &'a [u8],
}

/// How a line of the result was found among the given ones, by their numbers.
enum Found {
    /// It is one of them.
    Whole(usize),
    /// These are parts of it, in their order.
    Parts(Range<usize>),
    /// It is a part of one.
    Cut(usize),
    Nothing,
}

/// Who wrote `result`, which was made of `inputs`.
pub fn derive(result: &[u8], inputs: &[(&[u8], &Record)]) -> Record {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (input, (text, _)) in inputs.iter().enumerate() {
        lines.extend(split(text).map(|range| Line { input, trimmed: &text[range.clone()], range }));
    }
    let results: Vec<Range<usize>> = split(result).collect();
    let found = find(result, &results, &lines);
    let mut segments = Vec::new();
    let mut next = 0;
    let mut one_by_one = false;
    for (index, (range, line)) in results.iter().zip(&found).enumerate() {
        let mut written_by = |by: Arc<[EmissionId]>| {
            if !by.is_empty() {
                segments.push(Segment { range: range.clone(), by });
            }
        };
        match line {
            Found::Whole(line) => {
                next = next.max(line + 1);
                copy(&mut segments, inputs, &lines[*line], range.start);
            }
            Found::Parts(parts) => {
                next = parts.end;
                let mut at = range.start;
                for line in &lines[parts.clone()] {
                    at += memchr::memmem::find(&result[at..range.end], line.trimmed).unwrap_or_default();
                    copy(&mut segments, inputs, line, at);
                    at += line.trimmed.len();
                }
            }
            Found::Cut(line) => {
                next = line + 1;
                written_by(gather(within(inputs, &lines[*line])));
            }
            Found::Nothing => {
                // Lines that were changed stand for the given ones between those that were found around them.
                let changed = found[index..].iter().take_while(|f| matches!(f, Found::Nothing)).count();
                let end = found[index + changed..].iter().find_map(|found| found.first(next));
                let gap = &lines[next..end.unwrap_or(lines.len())];
                let begins = index == 0 || !matches!(found[index - 1], Found::Nothing);
                one_by_one = if begins { gap.len() == changed } else { one_by_one };
                let meant = if one_by_one { &gap[..gap.len().min(1)] } else { gap };
                next += usize::from(one_by_one);
                written_by(gather(meant.iter().flat_map(|line| within(inputs, line))));
            }
        }
    }
    Record { segments }
}

impl Found {
    /// The number of the first given line, if it is not one of those before `next`.
    fn first(&self, next: usize) -> Option<usize> {
        let first = match self {
            Found::Whole(line) | Found::Cut(line) => *line,
            Found::Parts(parts) => parts.start,
            Found::Nothing => return None,
        };
        (first >= next).then_some(first)
    }
}

fn find(result: &[u8], results: &[Range<usize>], lines: &[Line<'_>]) -> Vec<Found> {
    let mut by_text: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (index, line) in lines.iter().enumerate() {
        by_text.entry(line.trimmed).or_default().push(index);
    }
    let (mut next, mut skipped) = (0, 0);
    let mut one = |range: &Range<usize>| {
        let trimmed = &result[range.clone()];
        if let Some(places) = by_text.get(trimmed) {
            let place = places.get(places.partition_point(|&place| place < next));
            (next, skipped) = (place.map_or(next, |place| place + 1), 0);
            return place.or(places.last()).map_or(Found::Nothing, |place| Found::Whole(*place));
        }
        // The one whose turn it is, if those in between were changed one by one, or the next one.
        for first in [next + skipped, next] {
            let Some(line) = lines.get(first) else { continue };
            let (mut end, mut at) = (first, 0);
            while let Some(line) = lines.get(end)
                && let Some(part) = memchr::memmem::find(&trimmed[at..], line.trimmed)
            {
                at += part + line.trimmed.len();
                end += 1;
            }
            let is_cut = end == first && memchr::memmem::find(line.trimmed, trimmed).is_some();
            if end > first || is_cut {
                (next, skipped) = (end.max(first + 1), 0);
                return if is_cut { Found::Cut(first) } else { Found::Parts(first..end) };
            }
        }
        skipped += 1;
        Found::Nothing
    };
    results.iter().map(&mut one).collect()
}

/// The lines of a text without the spaces around them; those that are blank are left out.
fn split(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    text.split(|&b| b == b'\n').filter_map(move |line| {
        let from = start;
        start += line.len() + 1;
        let trimmed = line.trim_ascii_start();
        let begin = from + line.len() - trimmed.len();
        let end = begin + trimmed.trim_ascii_end().len();
        (begin < end).then_some(begin..end)
    })
}

/// The writers of a line, for the same line at another place.
fn copy(segments: &mut Vec<Segment>, inputs: &[(&[u8], &Record)], line: &Line<'_>, at: usize) {
    for segment in within(inputs, line) {
        let start = segment.range.start.max(line.range.start) - line.range.start + at;
        let end = segment.range.end.min(line.range.end) - line.range.start + at;
        segments.push(Segment { range: start..end, by: segment.by.clone() });
    }
}

fn within<'r>(inputs: &[(&[u8], &'r Record)], line: &Line<'_>) -> impl Iterator<Item = &'r Segment> {
    let segments = inputs.get(line.input).map_or(&[][..], |(_, record)| &record.segments);
    let first = segments.partition_point(|segment| segment.range.end <= line.range.start);
    let end = line.range.end;
    segments.get(first..).unwrap_or_default().iter().take_while(move |segment| segment.range.start < end)
}

fn gather<'r>(segments: impl Iterator<Item = &'r Segment>) -> Arc<[EmissionId]> {
    let mut found = Vec::new();
    for by in segments.flat_map(|segment| segment.by.iter()) {
        if found.len() >= MAX_WRITERS {
            break;
        }
        if !found.contains(by) {
            found.push(*by);
        }
    }
    found.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record in which each line of the text has a writer of its own, from `first` on.
    fn by_line(text: &str, first: u32) -> Record {
        let mut start = 0;
        let segments = text.split_inclusive('\n').zip(first..).map(|(line, by)| {
            let range = start..start + line.len();
            start = range.end;
            Segment { range, by: [by].into() }
        });
        Record { segments: segments.collect() }
    }

    fn told(result: &str, inputs: &[(&str, u32)]) -> Vec<(String, Vec<u32>)> {
        let records: Vec<Record> = inputs.iter().map(|(text, first)| by_line(text, *first)).collect();
        let given: Vec<(&[u8], &Record)> =
            inputs.iter().zip(&records).map(|((text, _), record)| (text.as_bytes(), record)).collect();
        let record = derive(result.as_bytes(), &given);
        record.segments.iter().map(|s| (result[s.range.clone()].to_string(), s.by.to_vec())).collect()
    }

    fn pairs(pairs: &[(&str, &[u32])]) -> Vec<(String, Vec<u32>)> {
        pairs.iter().map(|(text, by)| ((*text).to_string(), by.to_vec())).collect()
    }

    #[test]
    fn indented_lines_keep_their_writers() {
        let told = told("\n    a: 1\n    b: 2\n    a: 1", &[("a: 1\nb: 2\na: 1\n", 0)]);
        assert_eq!(told, pairs(&[("a: 1", &[0]), ("b: 2", &[1]), ("a: 1", &[2])]));
    }

    #[test]
    fn a_line_that_is_quoted_cut_or_put_into_another_keeps_its_writers() {
        assert_eq!(told("\"name\"", &[("name", 3)]), pairs(&[("name", &[3])]));
        assert_eq!(told("na", &[("name", 3)]), pairs(&[("na", &[3])]));
        assert_eq!(told("x-name-y", &[("name", 3)]), pairs(&[("name", &[3])]));
        assert_eq!(told("a b", &[("a\nb\n", 3)]), pairs(&[("a", &[3]), ("b", &[4])]));
    }

    #[test]
    fn changed_lines_stand_for_the_given_ones_that_are_missing_at_their_place() {
        assert_eq!(told("A: 1\nb: 2", &[("a: 1\nb: 2\n", 0)]), pairs(&[("A: 1", &[0]), ("b: 2", &[1])]));
        assert_eq!(told("A\nB", &[("a\nb", 0)]), pairs(&[("A", &[0]), ("B", &[1])]));
        assert_eq!(told("a\nmore\nb", &[("a\nb", 0)]), pairs(&[("a", &[0]), ("b", &[1])]));
        assert_eq!(
            told("a\nBC\nd", &[("a\nb\nc\nd", 0)]),
            pairs(&[("a", &[0]), ("BC", &[1, 2]), ("d", &[3])])
        );
    }

    #[test]
    fn a_line_like_none_of_the_given_ones_is_everyone_s() {
        assert_eq!(told("c2hh", &[("a\nb", 0), ("c", 5)]), pairs(&[("c2hh", &[0, 1, 5])]));
    }
}
