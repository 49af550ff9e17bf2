//! The directives of a format (`fmt/print.go: doPrintf`).

use super::verbs::Spec;
use super::{PrintError, Printer};
use crate::value::Value;

/// The largest width, precision or argument number that Go reads.
const LARGEST: i64 = 1_000_000;

struct Args<'a> {
    values: &'a [Value],
    next: usize,
    reordered: bool,
    good: bool,
}

impl Printer<'_> {
    /// Writes the format with its directives replaced.
    pub(super) fn format(&mut self, format: &[u8], values: &[Value]) -> Result<(), PrintError> {
        let mut args = Args { values, next: 0, reordered: false, good: true };
        let mut i = 0;
        while i < format.len() {
            let plain = memchr::memchr(b'%', &format[i..]).unwrap_or(format.len() - i);
            self.out.extend_from_slice(&format[i..i + plain]);
            i += plain;
            if i >= format.len() {
                break;
            }
            i = self.directive(format, i + 1, &mut args)?;
            self.check_size()?;
        }
        if !args.reordered && args.next < values.len() {
            self.spec = Spec::default();
            self.extra(&values[args.next..])?;
        }
        Ok(())
    }

    /// One directive, from after its `%`; gives the index after it.
    fn directive(&mut self, format: &[u8], mut i: usize, args: &mut Args<'_>) -> Result<usize, PrintError> {
        let mut spec = Spec::default();
        args.good = true;
        while let Some(&flag) = format.get(i) {
            match flag {
                b'#' => spec.sharp = true,
                b'0' => spec.zero = true,
                b'+' => spec.plus = true,
                b'-' => spec.minus = true,
                b' ' => spec.space = true,
                _ => break,
            }
            i += 1;
        }
        let mut after_index;
        (i, after_index) = args.index(format, i);
        if format.get(i) == Some(&b'*') {
            i += 1;
            match args.int() {
                Some(width) => {
                    spec.minus |= width < 0;
                    spec.width = Some(width.unsigned_abs() as usize);
                }
                None => self.out.extend_from_slice(b"%!(BADWIDTH)"),
            }
            after_index = false;
        } else {
            let (width, next) = number(format, i, format.len());
            i = next;
            spec.width = width;
            if after_index && width.is_some() {
                args.good = false;
            }
        }
        // A point at the very end is taken for a verb.
        if format.get(i) == Some(&b'.') && i + 1 < format.len() {
            i += 1;
            if after_index {
                args.good = false;
            }
            (i, after_index) = args.index(format, i);
            if format.get(i) == Some(&b'*') {
                i += 1;
                match args.int() {
                    Some(precision) if precision >= 0 => spec.precision = Some(precision as usize),
                    _ => self.out.extend_from_slice(b"%!(BADPREC)"),
                }
                after_index = false;
            } else {
                let (precision, next) = number(format, i, format.len());
                i = next;
                spec.precision = Some(precision.unwrap_or(0));
            }
        }
        if !after_index {
            (i, _) = args.index(format, i);
        }
        let Some(&first) = format.get(i) else {
            self.out.extend_from_slice(b"%!(NOVERB)");
            return Ok(i);
        };
        let (verb, size) = if first < 0x80 { (char::from(first), 1) } else { first_char(&format[i..]) };
        i += size;
        spec.zero &= !spec.minus;
        if verb == '%' {
            self.out.push(b'%');
        } else if !args.good {
            self.complain(verb, b"(BADINDEX)");
        } else if let Some(value) = args.values.get(args.next) {
            if verb == 'v' {
                spec.sharp_v = std::mem::take(&mut spec.sharp);
                spec.plus_v = std::mem::take(&mut spec.plus);
            }
            self.spec = spec;
            args.next += 1;
            self.argument(value, verb)?;
        } else {
            self.complain(verb, b"(MISSING)");
        }
        Ok(i)
    }

    fn complain(&mut self, verb: char, what: &[u8]) {
        self.out.extend_from_slice(b"%!");
        self.out.extend_from_slice(verb.encode_utf8(&mut [0; 4]).as_bytes());
        self.out.extend_from_slice(what);
    }

    /// What Go appends for arguments that no directive took.
    fn extra(&mut self, values: &[Value]) -> Result<(), PrintError> {
        self.out.extend_from_slice(b"%!(EXTRA ");
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                self.out.extend_from_slice(b", ");
            }
            if matches!(value, Value::Null) {
                self.out.extend_from_slice(b"<nil>");
            } else {
                self.out.extend_from_slice(value.type_name().as_bytes());
                self.out.push(b'=');
                self.argument(value, 'v')?;
            }
        }
        self.out.push(b')');
        Ok(())
    }
}

impl Args<'_> {
    /// Reads an argument index such as `[3]`; gives the index in the format after it, and whether there was one.
    fn index(&mut self, format: &[u8], i: usize) -> (usize, bool) {
        if format.get(i) != Some(&b'[') {
            return (i, false);
        }
        self.reordered = true;
        let rest = &format[i..];
        let close = if rest.len() < 3 { None } else { memchr::memchr(b']', rest) };
        let Some(close) = close else {
            self.good = false;
            return (i + 1, false);
        };
        let (n, end) = number(rest, 1, close);
        let found = n.filter(|_| end == close);
        match found {
            Some(n) if (1..=self.values.len()).contains(&n) => {
                self.next = n - 1;
                (i + close + 1, true)
            }
            _ => {
                self.good = false;
                (i + close + 1, found.is_some())
            }
        }
    }

    /// Takes the next argument as a width or precision.
    fn int(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        match value {
            Value::Int(n) if n.as_i128().unsigned_abs() <= LARGEST.unsigned_abs().into() => Some(n.as_i64()),
            _ => None,
        }
    }
}

/// Reads digits up to `end`; none, or too many of them, is no number.
fn number(format: &[u8], start: usize, end: usize) -> (Option<usize>, usize) {
    let mut n = None;
    let mut i = start;
    while let Some(digit) = format[..end].get(i).filter(|b| b.is_ascii_digit()) {
        let so_far = n.unwrap_or(0);
        if so_far > LARGEST as usize {
            return (None, end);
        }
        n = Some(so_far * 10 + usize::from(digit - b'0'));
        i += 1;
    }
    (n, i)
}

fn first_char(text: &[u8]) -> (char, usize) {
    match text.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()) {
        Some(c) => (c, c.len_utf8()),
        None => (char::REPLACEMENT_CHARACTER, 1),
    }
}
