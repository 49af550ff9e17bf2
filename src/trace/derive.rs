//! Who wrote a text that a function made of others: `nindent`, `trim`, `replace`, `printf`, `quote`.
//!
//! Nothing is known of the function. Its result is laid beside the texts it was given, line by line without the
//! spaces around: a line that is in one of them, after those found before, was written by whoever wrote it there.
//! A line that isn't, but contains one or is contained in one, was written by all who wrote that one.

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

/// Who wrote `result`, which was made of `inputs`.
pub fn derive(result: &[u8], inputs: &[(&[u8], &Record)]) -> Record {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (input, (text, _)) in inputs.iter().enumerate() {
        lines.extend(split(text).map(|range| Line { input, trimmed: &text[range.clone()], range }));
    }
    let mut by_text: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (index, line) in lines.iter().enumerate() {
        by_text.entry(line.trimmed).or_default().push(index);
    }
    let mut segments = Vec::new();
    let mut next = 0;
    for range in split(result) {
        let trimmed = &result[range.clone()];
        let found = by_text.get(trimmed).and_then(|places| {
            places.get(places.partition_point(|&place| place < next)).or(places.last()).copied()
        });
        if let Some(line) = found.and_then(|found| lines.get(found)) {
            next = found.map_or(next, |found| found + 1);
            copy(&mut segments, inputs, line, range.start);
            continue;
        }
        // A line that was only put into quotes, cut off, or encoded: the one whose turn it is, or else any.
        let akin = |line: &&Line<'_>| contains(trimmed, line.trimmed) || contains(line.trimmed, trimmed);
        let line = lines.get(next).filter(akin);
        let by = match line {
            Some(line) => {
                next += 1;
                writers(inputs, line)
            }
            None => everyone(inputs, &lines),
        };
        if !by.is_empty() {
            segments.push(Segment { range, by });
        }
    }
    Record { segments }
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

fn contains(long: &[u8], short: &[u8]) -> bool {
    memchr::memmem::find(long, short).is_some()
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

fn writers(inputs: &[(&[u8], &Record)], line: &Line<'_>) -> Arc<[EmissionId]> {
    gather(within(inputs, line))
}

/// All who wrote something that no line of the result shows.
fn everyone(inputs: &[(&[u8], &Record)], lines: &[Line<'_>]) -> Arc<[EmissionId]> {
    gather(lines.iter().flat_map(|line| within(inputs, line)))
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
        assert_eq!(told("\"name\"", &[("name", 3)]), pairs(&[("\"name\"", &[3])]));
        assert_eq!(told("na", &[("name", 3)]), pairs(&[("na", &[3])]));
        assert_eq!(told("x-name-y", &[("name", 3)]), pairs(&[("x-name-y", &[3])]));
    }

    #[test]
    fn a_line_like_none_of_the_given_ones_is_everyone_s() {
        assert_eq!(told("c2hh", &[("a\nb", 0), ("c", 5)]), pairs(&[("c2hh", &[0, 1, 5])]));
    }
}
