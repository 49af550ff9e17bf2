//! Go's layouts, in which a moment of 2006 shows what each part looks like (`time/format.go`).

use super::time::Time;

/// A part of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    Offset(Offset),
    /// A sign and this many digits: zeros at the end are kept.
    Fraction {
        sign: u8,
        digits: usize,
    },
    /// The same, zeros at the end dropped.
    ShortFraction {
        sign: u8,
        digits: usize,
    },
}

/// How an offset from UTC is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    /// `Z` stands for zero.
    pub iso: bool,
    pub colons: bool,
    /// How many numbers of two digits: hours, minutes, seconds.
    pub parts: usize,
}

const OFFSETS: [(&[u8], Offset); 5] = [
    (b"070000", Offset { iso: false, colons: false, parts: 3 }),
    (b"07:00:00", Offset { iso: false, colons: true, parts: 3 }),
    (b"0700", Offset { iso: false, colons: false, parts: 2 }),
    (b"07:00", Offset { iso: false, colons: true, parts: 2 }),
    (b"07", Offset { iso: false, colons: false, parts: 1 }),
];

/// What stands before the first chunk of a layout, the chunk with its text, and what follows it.
pub(super) struct Next<'l> {
    pub prefix: &'l [u8],
    pub chunk: Option<(Chunk, &'l [u8])>,
    pub suffix: &'l [u8],
}

/// Finds the first chunk of a layout.
pub(super) fn next_chunk(layout: &[u8]) -> Next<'_> {
    for at in 0..layout.len() {
        let rest = layout.get(at..).unwrap_or_default();
        if let Some((skip, chunk, length)) = chunk_at(rest) {
            let (prefix, rest) = layout.split_at_checked(at + skip).unwrap_or((layout, b""));
            let (text, suffix) = rest.split_at_checked(length).unwrap_or((rest, b""));
            return Next { prefix, chunk: Some((chunk, text)), suffix };
        }
    }
    Next { prefix: layout, chunk: None, suffix: b"" }
}

/// The chunk at the start of a text: how many bytes stand before it, the chunk, and its length.
fn chunk_at(text: &[u8]) -> Option<(usize, Chunk, usize)> {
    let lower = |at: usize| text.get(at).is_some_and(u8::is_ascii_lowercase);
    let found = match text {
        [b'J', ..] if text.starts_with(b"January") => (Chunk::LongMonth, 7),
        [b'J', b'a', b'n', ..] if !lower(3) => (Chunk::Month, 3),
        [b'M', ..] if text.starts_with(b"Monday") => (Chunk::LongWeekday, 6),
        [b'M', b'o', b'n', ..] if !lower(3) => (Chunk::Weekday, 3),
        [b'M', b'S', b'T', ..] => (Chunk::ZoneName, 3),
        [b'0', b'1', ..] => (Chunk::ZeroMonth, 2),
        [b'0', b'2', ..] => (Chunk::ZeroDay, 2),
        [b'0', b'3', ..] => (Chunk::ZeroHour12, 2),
        [b'0', b'4', ..] => (Chunk::ZeroMinute, 2),
        [b'0', b'5', ..] => (Chunk::ZeroSecond, 2),
        [b'0', b'6', ..] => (Chunk::Year, 2),
        [b'0', b'0', b'2', ..] => (Chunk::ZeroYearDay, 3),
        [b'1', b'5', ..] => (Chunk::Hour, 2),
        [b'1', ..] => (Chunk::NumMonth, 1),
        [b'2', b'0', b'0', b'6', ..] => (Chunk::LongYear, 4),
        [b'2', ..] => (Chunk::Day, 1),
        // In `_2006` the line stands for itself.
        [b'_', b'2', b'0', b'0', b'6', ..] => return Some((1, Chunk::LongYear, 4)),
        [b'_', b'2', ..] => (Chunk::UnderDay, 2),
        [b'_', b'_', b'2', ..] => (Chunk::UnderYearDay, 3),
        [b'3', ..] => (Chunk::Hour12, 1),
        [b'4', ..] => (Chunk::Minute, 1),
        [b'5', ..] => (Chunk::Second, 1),
        [b'P', b'M', ..] => (Chunk::UpperPm, 2),
        [b'p', b'm', ..] => (Chunk::LowerPm, 2),
        [sign @ (b'-' | b'Z'), rest @ ..] => {
            let (form, offset) = OFFSETS.iter().find(|(form, _)| rest.starts_with(form))?;
            (Chunk::Offset(Offset { iso: *sign == b'Z', ..*offset }), form.len() + 1)
        }
        [sign @ (b'.' | b','), digit @ (b'0' | b'9'), ..] => {
            let digits = text.iter().skip(1).take_while(|b| *b == digit).count();
            if text.get(digits + 1).is_some_and(u8::is_ascii_digit) {
                return None;
            }
            let chunk = match digit {
                b'0' => Chunk::Fraction { sign: *sign, digits },
                _ => Chunk::ShortFraction { sign: *sign, digits },
            };
            (chunk, digits + 1)
        }
        _ => return None,
    };
    Some((0, found.0, found.1))
}

/// Writes a time in a layout (Go's `Time.Format`).
pub(super) fn format(time: &Time, layout: &[u8]) -> Vec<u8> {
    let c = time.civil();
    let (offset, zone, _) = time.zone.at(time.seconds);
    let hour12 = if c.hour.is_multiple_of(12) { 12 } else { c.hour % 12 };
    let mut out = Vec::with_capacity(layout.len() + 10);
    let mut rest = layout;
    loop {
        let next = next_chunk(rest);
        out.extend_from_slice(next.prefix);
        let Some((chunk, _)) = next.chunk else { return out };
        rest = next.suffix;
        let text = match chunk {
            Chunk::LongMonth => c.month_name().to_string(),
            Chunk::Month => short(c.month_name()),
            Chunk::NumMonth => c.month.to_string(),
            Chunk::ZeroMonth => format!("{:02}", c.month),
            Chunk::LongWeekday => c.weekday_name().to_string(),
            Chunk::Weekday => short(c.weekday_name()),
            Chunk::Day => c.day.to_string(),
            Chunk::UnderDay => format!("{:2}", c.day),
            Chunk::ZeroDay => format!("{:02}", c.day),
            Chunk::UnderYearDay => format!("{:3}", c.year_day),
            Chunk::ZeroYearDay => format!("{:03}", c.year_day),
            Chunk::Hour => format!("{:02}", c.hour),
            Chunk::Hour12 => hour12.to_string(),
            Chunk::ZeroHour12 => format!("{hour12:02}"),
            Chunk::Minute => c.minute.to_string(),
            Chunk::ZeroMinute => format!("{:02}", c.minute),
            Chunk::Second => c.second.to_string(),
            Chunk::ZeroSecond => format!("{:02}", c.second),
            Chunk::LongYear if c.year < 0 => format!("-{:04}", c.year.unsigned_abs()),
            Chunk::LongYear => format!("{:04}", c.year),
            Chunk::Year => format!("{:02}", c.year.unsigned_abs() % 100),
            Chunk::UpperPm => if c.hour >= 12 { "PM" } else { "AM" }.to_string(),
            Chunk::LowerPm => if c.hour >= 12 { "pm" } else { "am" }.to_string(),
            Chunk::ZoneName if zone.is_empty() => {
                write_offset(offset, Offset { iso: false, colons: false, parts: 2 })
            }
            Chunk::ZoneName => zone.clone(),
            Chunk::Offset(shape) => write_offset(offset, shape),
            Chunk::Fraction { sign, digits } => fraction(time.nanos, sign, digits),
            Chunk::ShortFraction { sign, digits } => {
                let text = fraction(time.nanos, sign, digits);
                text.trim_end_matches('0').trim_end_matches(['.', ',']).to_string()
            }
        };
        out.extend_from_slice(text.as_bytes());
    }
}

fn short(name: &str) -> String {
    name.chars().take(3).collect()
}

fn write_offset(offset: i32, shape: Offset) -> String {
    if shape.iso && offset == 0 {
        return "Z".to_string();
    }
    // Less than a minute west of UTC counts as east, as in Go.
    let sign = if offset / 60 < 0 { '-' } else { '+' };
    let minutes = (offset / 60).abs();
    let seconds = if offset / 60 < 0 { -offset } else { offset } % 60;
    let colon = if shape.colons { ":" } else { "" };
    let mut text = format!("{sign}{:02}", minutes / 60);
    if shape.parts > 1 {
        text.push_str(&format!("{colon}{:02}", minutes % 60));
    }
    if shape.parts > 2 {
        text.push_str(&format!("{colon}{seconds:02}"));
    }
    text
}

/// The sign and as many digits of the nanoseconds as asked for, no more than nine.
fn fraction(nanos: u32, sign: u8, digits: usize) -> String {
    let mut text = format!("{}{nanos:09}", char::from(sign));
    text.truncate(1 + digits.min(9));
    text
}
