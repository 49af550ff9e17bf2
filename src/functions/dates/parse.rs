//! Reading times by Go's layouts (`time/format.go`: `parse`, as of Go 1.26).

use std::sync::Arc;

use super::duration::quote;
use super::layout::{Chunk, Next, Offset, next_chunk};
use super::time::{MONTHS, Time, WEEKDAYS, Zone, days_in, is_leap};

/// Why a part of a text can't be read.
enum Bad {
    /// It doesn't look like what the layout wants.
    Shape,
    /// Its number is out of range; the name of what it counts.
    Range(&'static str),
}

type Part<'t, T> = Result<(T, &'t [u8]), Bad>;

/// What is known of the time so far.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
    am: bool,
    pm: bool,
    utc: bool,
    offset: Option<i32>,
    zone_name: Option<Arc<str>>,
}

/// Reads a time (Go's `time.ParseInLocation` with the local zone).
///
/// # Errors
/// With Go's words.
pub(in crate::functions) fn parse(layout: &[u8], value: &[u8]) -> Result<Time, String> {
    let mut fields = Fields::default();
    let (mut layout_rest, mut rest) = (layout, value);
    let out_of = |what: &str| format!("parsing time {}: {what}", quote(value));
    let cannot = |rest: &[u8], part: &[u8]| {
        format!(
            "parsing time {} as {}: cannot parse {} as {}",
            quote(value),
            quote(layout),
            quote(rest),
            quote(part)
        )
    };
    loop {
        let Next { prefix, chunk, suffix } = next_chunk(layout_rest);
        rest = skip(rest, prefix).map_err(|at| cannot(at, prefix))?;
        let Some((chunk, text)) = chunk else { break };
        layout_rest = suffix;
        rest = fields.read(chunk, rest, suffix).map_err(|bad| match bad {
            Bad::Shape => cannot(rest, text),
            Bad::Range(what) => out_of(&format!("{what} out of range")),
        })?;
    }
    if !rest.is_empty() {
        return Err(out_of(&format!("extra text: {}", quote(rest))));
    }
    fields.finish().map_err(|what| out_of(&what))
}

/// Drops a prefix from a text; any number of spaces equals any other. Gives the place of the difference.
fn skip<'t>(mut text: &'t [u8], mut prefix: &[u8]) -> Result<&'t [u8], &'t [u8]> {
    while let [first, rest @ ..] = prefix {
        if *first == b' ' {
            if text.first().is_some_and(|b| *b != b' ') {
                return Err(text);
            }
            prefix = prefix.trim_ascii_start_spaces();
            text = text.trim_ascii_start_spaces();
            continue;
        }
        match text.split_first() {
            Some((b, after)) if b == first => text = after,
            _ => return Err(text),
        }
        prefix = rest;
    }
    Ok(text)
}

trait TrimSpaces {
    fn trim_ascii_start_spaces(&self) -> &Self;
}

impl TrimSpaces for [u8] {
    fn trim_ascii_start_spaces(&self) -> &[u8] {
        let spaces = self.iter().take_while(|b| **b == b' ').count();
        self.get(spaces..).unwrap_or_default()
    }
}

fn digit(text: &[u8], at: usize) -> Option<i64> {
    text.get(at).filter(|b| b.is_ascii_digit()).map(|b| i64::from(b - b'0'))
}

fn rest(text: &[u8], from: usize) -> &[u8] {
    text.get(from..).unwrap_or_default()
}

/// A number of one or two digits; of just two, if `fixed`.
fn number(text: &[u8], fixed: bool) -> Part<'_, i64> {
    match (digit(text, 0), digit(text, 1)) {
        (Some(tens), Some(ones)) => Ok((tens * 10 + ones, rest(text, 2))),
        (Some(one), None) if !fixed => Ok((one, rest(text, 1))),
        _ => Err(Bad::Shape),
    }
}

/// Go's `atoi` in package time: a sign is allowed, and so is nothing behind it.
fn atoi(text: &[u8]) -> Result<i64, Bad> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let mut number = 0_i64;
    for at in 0..digits.len() {
        number = number.saturating_mul(10).saturating_add(digit(digits, at).ok_or(Bad::Shape)?);
    }
    Ok(if negative { -number } else { number })
}

/// A number of just this many bytes.
fn exactly(text: &[u8], length: usize) -> Part<'_, i64> {
    Ok((atoi(text.get(..length).ok_or(Bad::Shape)?)?, rest(text, length)))
}

/// A name out of a list, any case, and its place in it; only its first three letters, if `short`.
fn name<'t>(text: &'t [u8], names: &[&str], short: bool) -> Part<'t, i64> {
    for (i, name) in names.iter().enumerate() {
        let name = name.as_bytes();
        let name = if short { name.get(..3).unwrap_or(name) } else { name };
        if text.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)) {
            return Ok((i as i64, rest(text, name.len())));
        }
    }
    Err(Bad::Shape)
}

fn within(n: i64, range: std::ops::Range<i64>, what: &'static str) -> Result<i64, Bad> {
    if range.contains(&n) { Ok(n) } else { Err(Bad::Range(what)) }
}

/// Digits of nanoseconds after a point or comma; digits past the ninth are dropped.
fn nanoseconds(text: &[u8], length: usize) -> Part<'_, u32> {
    let Some([b'.' | b',', digits @ ..]) = text.get(..length) else { return Err(Bad::Shape) };
    let digits = digits.get(..9).unwrap_or(digits);
    let number = atoi(digits)?;
    let nanos = u32::try_from(number).map_err(|_| Bad::Range("fractional second"))?;
    Ok((nanos * 10_u32.pow(9 - digits.len() as u32), rest(text, length)))
}

/// How many bytes a point or comma and the digits after it take; 0 if there are no digits.
fn fraction_length(text: &[u8]) -> usize {
    match text {
        [b'.' | b',', digits @ ..] => match digits.iter().take_while(|b| b.is_ascii_digit()).count() {
            0 => 0,
            n => n + 1,
        },
        _ => 0,
    }
}

impl Fields {
    /// Reads one chunk; `layout` is what follows it there.
    fn read<'t>(&mut self, chunk: Chunk, text: &'t [u8], layout: &[u8]) -> Result<&'t [u8], Bad> {
        let space = text.strip_prefix(b" ").unwrap_or(text);
        let after;
        match chunk {
            Chunk::Year => {
                (self.year, after) = exactly(text, 2)?;
                self.year += if self.year >= 69 { 1900 } else { 2000 };
            }
            Chunk::LongYear => {
                digit(text, 0).ok_or(Bad::Shape)?;
                (self.year, after) = exactly(text, 4)?;
            }
            Chunk::Month | Chunk::LongMonth => {
                let (month, rest) = name(text, &MONTHS, chunk == Chunk::Month)?;
                self.month = Some(month + 1);
                after = rest;
            }
            Chunk::NumMonth | Chunk::ZeroMonth => {
                let (month, rest) = number(text, chunk == Chunk::ZeroMonth)?;
                self.month = Some(within(month, 1..13, "month")?);
                after = rest;
            }
            Chunk::Weekday | Chunk::LongWeekday => {
                (_, after) = name(text, &WEEKDAYS, chunk == Chunk::Weekday)?;
            }
            Chunk::Day | Chunk::UnderDay | Chunk::ZeroDay => {
                let text = if chunk == Chunk::UnderDay { space } else { text };
                let (day, rest) = number(text, chunk == Chunk::ZeroDay)?;
                self.day = Some(day);
                after = rest;
            }
            Chunk::UnderYearDay | Chunk::ZeroYearDay => {
                let fixed = chunk == Chunk::ZeroYearDay;
                let text = if fixed { text } else { space.strip_prefix(b" ").unwrap_or(space) };
                let digits = text.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
                if digits == 0 || fixed && digits != 3 {
                    return Err(Bad::Shape);
                }
                let (day, rest) = exactly(text, digits)?;
                self.year_day = Some(day);
                after = rest;
            }
            Chunk::Hour => {
                (self.hour, after) = number(text, false)?;
                within(self.hour, 0..24, "hour")?;
            }
            Chunk::Hour12 | Chunk::ZeroHour12 => {
                (self.hour, after) = number(text, chunk == Chunk::ZeroHour12)?;
                within(self.hour, 0..13, "hour")?;
            }
            Chunk::Minute | Chunk::ZeroMinute => {
                (self.minute, after) = number(text, chunk == Chunk::ZeroMinute)?;
                within(self.minute, 0..60, "minute")?;
            }
            Chunk::Second | Chunk::ZeroSecond => {
                match number(text, chunk == Chunk::ZeroSecond) {
                    Ok((second, rest)) => {
                        self.second = within(second, 0..60, "second")?;
                        after = self.extra_fraction(rest, layout)?.unwrap_or(rest);
                    }
                    // Go forgets the error when a fraction follows.
                    Err(bad) => after = self.extra_fraction(text, layout)?.ok_or(bad)?,
                }
            }
            Chunk::UpperPm | Chunk::LowerPm => {
                let (am, pm) = if chunk == Chunk::UpperPm { (b"AM", b"PM") } else { (b"am", b"pm") };
                match text.get(..2) {
                    Some(half) if half == pm => self.pm = true,
                    Some(half) if half == am => self.am = true,
                    _ => return Err(Bad::Shape),
                }
                after = rest(text, 2);
            }
            Chunk::Offset(shape) => after = self.offset(shape, text)?,
            Chunk::ZoneName if text.starts_with(b"UTC") => {
                self.utc = true;
                after = rest(text, 3);
            }
            Chunk::ZoneName => {
                let length = zone_name_length(text).ok_or(Bad::Shape)?;
                let name = String::from_utf8_lossy(text.get(..length).unwrap_or_default());
                self.zone_name = Some(name.as_ref().into());
                after = rest(text, length);
            }
            Chunk::Fraction { digits, .. } => (self.nanos, after) = nanoseconds(text, digits + 1)?,
            Chunk::ShortFraction { .. } => {
                // It may be missing, or have more digits than the layout, up to nine.
                match fraction_length(text).min(10) {
                    0 => after = text,
                    length => (self.nanos, after) = nanoseconds(text, length)?,
                }
            }
        }
        Ok(after)
    }

    /// A fraction of the second that the layout doesn't ask for, if there is one; gives what follows it.
    fn extra_fraction<'t>(&mut self, text: &'t [u8], layout: &[u8]) -> Result<Option<&'t [u8]>, Bad> {
        let length = fraction_length(text);
        let asked = next_chunk(layout)
            .chunk
            .is_some_and(|(chunk, _)| matches!(chunk, Chunk::Fraction { .. } | Chunk::ShortFraction { .. }));
        if length == 0 || asked {
            return Ok(None);
        }
        let after;
        (self.nanos, after) = nanoseconds(text, length)?;
        Ok(Some(after))
    }

    fn offset<'t>(&mut self, shape: Offset, text: &'t [u8]) -> Result<&'t [u8], Bad> {
        if shape.iso
            && shape.parts < 3
            && let Some(after) = text.strip_prefix(b"Z")
        {
            self.utc = true;
            return Ok(after);
        }
        let length = 1 + 2 * shape.parts + if shape.colons { shape.parts - 1 } else { 0 };
        let whole = text.get(..length).ok_or(Bad::Shape)?;
        let (mut seconds, mut out_of_range, mut all_digits) = (0, None, true);
        for part in 0..shape.parts {
            let at = 1 + part * if shape.colons { 3 } else { 2 };
            if shape.colons && part > 0 && whole.get(at - 1) != Some(&b':') {
                return Err(Bad::Shape);
            }
            let Ok((n, _)) = number(rest(whole, at), true) else {
                all_digits = false;
                continue;
            };
            // Go allows 24 hours and 60 minutes, since people write them.
            let (limit, what, unit) = match part {
                0 => (24, "time zone offset hour", 3600),
                1 => (60, "time zone offset minute", 60),
                _ => (60, "time zone offset second", 1),
            };
            if all_digits && n > limit {
                out_of_range = Some(what);
            }
            seconds += n * unit;
        }
        if let Some(what) = out_of_range {
            return Err(Bad::Range(what));
        }
        if !all_digits {
            return Err(Bad::Shape);
        }
        match whole.first() {
            Some(b'+') => self.offset = Some(seconds as i32),
            Some(b'-') => self.offset = Some(-seconds as i32),
            _ => return Err(Bad::Shape),
        }
        Ok(rest(text, length))
    }

    /// The time that the fields make.
    fn finish(mut self) -> Result<Time, String> {
        if self.pm && self.hour < 12 {
            self.hour += 12;
        } else if self.am && self.hour == 12 {
            self.hour = 0;
        }
        if let Some(year_day) = self.year_day {
            if year_day < 1 || year_day > 365 + i64::from(is_leap(self.year)) {
                return Err("day-of-year out of range".to_string());
            }
            let (mut month, mut day) = (1, year_day);
            while day > days_in(month, self.year) {
                day -= days_in(month, self.year);
                month += 1;
            }
            if self.month.is_some_and(|m| m != month) {
                return Err("day-of-year does not match month".to_string());
            }
            if self.day.is_some_and(|d| d != day) {
                return Err("day-of-year does not match day".to_string());
            }
            (self.month, self.day) = (Some(month), Some(day));
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        if day < 1 || day > days_in(month, self.year) {
            return Err("day out of range".to_string());
        }
        let date = |zone| {
            Time::date((self.year, month, day), (self.hour, self.minute, self.second), self.nanos, zone)
        };
        if self.utc {
            return Ok(date(Zone::Utc));
        }
        let name = self.zone_name.unwrap_or_default();
        if let Some(offset) = self.offset {
            // The local zone is meant, if it has this offset.
            if offset == 0 && (name.is_empty() || *name == *"UTC") {
                return Ok(date(Zone::Local));
            }
            return Ok(date(Zone::Fixed(name, offset)));
        }
        if name.is_empty() {
            return Ok(date(Zone::Local));
        }
        // An unknown abbreviation has no offset, but `GMT+2`.
        let hours = name.strip_prefix("GMT").and_then(|h| h.parse::<i32>().ok()).unwrap_or(0);
        let time = date(Zone::Utc);
        Ok(time.in_zone(Zone::Fixed(name, hours * 3600)))
    }
}

/// The length of what looks like the abbreviation of a time zone.
fn zone_name_length(text: &[u8]) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(after) = text.strip_prefix(b"GMT") {
        return Some(3 + signed_offset_length(after));
    }
    if text.starts_with(b"+") || text.starts_with(b"-") {
        return Some(signed_offset_length(text)).filter(|n| *n > 0);
    }
    let upper = text.iter().take(6).take_while(|b| b.is_ascii_uppercase()).count();
    match upper {
        3 => Some(3),
        4 if text.get(3) == Some(&b'T') || text.starts_with(b"WITA") => Some(4),
        5 if text.get(4) == Some(&b'T') => Some(5),
        _ => None,
    }
}

/// The length of `+03` or `-4`, no more than 23 hours; 0 if there is none.
fn signed_offset_length(text: &[u8]) -> usize {
    let [b'+' | b'-', digits @ ..] = text else { return 0 };
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    let hours = digits.get(..count).unwrap_or_default().iter();
    let hours = hours.fold(0_u64, |n, d| n.saturating_mul(10).saturating_add(u64::from(d - b'0')));
    if count == 0 || hours > 23 { 0 } else { 1 + count }
}
