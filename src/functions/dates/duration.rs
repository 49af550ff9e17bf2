use std::fmt;

/// A length of time in nanoseconds: Go's `time.Duration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub i64);

/// Nanoseconds of a second.
pub const SECOND: i64 = 1_000_000_000;

impl Duration {
    /// Reads `1h30m`, `-1.5h`, `300ms` (Go's `time.ParseDuration`).
    ///
    /// # Errors
    /// With Go's words.
    pub fn parse(text: &[u8]) -> Result<Duration, String> {
        let invalid = || format!("time: invalid duration {}", quote(text));
        let (negative, mut rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        if rest == b"0" {
            return Ok(Duration(0));
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        const MAX: u64 = 1 << 63;
        let mut total: u64 = 0;
        while let [first, ..] = rest {
            if !(first.is_ascii_digit() || *first == b'.') {
                return Err(invalid());
            }
            let (whole, after) = digits(rest);
            let mut any = !whole.is_empty();
            let number = whole.iter().try_fold(0_u64, |n, d| {
                n.checked_mul(10)?.checked_add(u64::from(d - b'0')).filter(|n| *n <= MAX)
            });
            let number = number.ok_or_else(invalid)?;
            rest = after;
            let (mut fraction, mut scale) = (0_u64, 1_f64);
            if let [b'.', after @ ..] = rest {
                let (part, after) = digits(after);
                any |= !part.is_empty();
                // Further digits are dropped once the number is full.
                for d in part {
                    if fraction > (MAX - 1) / 10 {
                        break;
                    }
                    let next = fraction * 10 + u64::from(d - b'0');
                    if next > MAX {
                        break;
                    }
                    fraction = next;
                    scale *= 10.0;
                }
                rest = after;
            }
            if !any {
                return Err(invalid());
            }
            let end = rest.iter().position(|b| *b == b'.' || b.is_ascii_digit()).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end).unwrap_or((rest, b""));
            if name.is_empty() {
                return Err(format!("time: missing unit in duration {}", quote(text)));
            }
            let unit = unit(name)
                .ok_or_else(|| format!("time: unknown unit {} in duration {}", quote(name), quote(text)))?;
            rest = after;
            let mut value = number.checked_mul(unit).filter(|v| *v <= MAX).ok_or_else(invalid)?;
            if fraction > 0 {
                value += (fraction as f64 * (unit as f64 / scale)) as u64;
            }
            // Twice the largest value wraps around to nothing, in Go as here.
            total = total.wrapping_add(value);
            if value > MAX || total > MAX {
                return Err(invalid());
            }
        }
        match (negative, i64::try_from(total)) {
            (true, _) => Ok(Duration((total as i64).wrapping_neg())),
            (false, Ok(total)) => Ok(Duration(total)),
            (false, Err(_)) => Err(invalid()),
        }
    }

    /// Rounded to a multiple of a unit, halves away from zero (Go's `Duration.Round`).
    pub fn round(self, unit: Duration) -> Duration {
        if unit.0 <= 0 {
            return self;
        }
        let rest = self.0 % unit.0;
        if i128::from(rest).abs() * 2 < i128::from(unit.0) {
            return Duration(self.0 - rest);
        }
        let step = if self.0 < 0 { -unit.0 } else { unit.0 };
        Duration((self.0 - rest).saturating_add(step))
    }

    /// Rounded towards zero to a multiple of a unit.
    pub fn truncate(self, unit: Duration) -> Duration {
        if unit.0 <= 0 { self } else { Duration(self.0 - self.0 % unit.0) }
    }
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, b""))
}

fn unit(name: &[u8]) -> Option<u64> {
    Some(match name {
        b"ns" => 1,
        // Both letters that look like it: the micro sign and the Greek mu.
        b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => 1000,
        b"ms" => 1_000_000,
        b"s" => 1_000_000_000,
        b"m" => 60_000_000_000,
        b"h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// `1h30m0s`, `1.5ms`: Go's `Duration.String`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let second = SECOND as u64;
        match nanos {
            0 => f.write_str("0s"),
            n if n < 1000 => write!(f, "{n}ns"),
            n if n < 1_000_000 => write!(f, "{}µs", fraction(n, 3)),
            n if n < second => write!(f, "{}ms", fraction(n, 6)),
            n => {
                let (hours, minutes) = (n / second / 3600, n / second / 60 % 60);
                if hours > 0 {
                    write!(f, "{hours}h")?;
                }
                if hours > 0 || minutes > 0 {
                    write!(f, "{minutes}m")?;
                }
                write!(f, "{}s", fraction(n % (60 * second), 9))
            }
        }
    }
}

/// A number with this many decimal places, without the zeros at its end.
fn fraction(n: u64, places: u32) -> String {
    let unit = 10_u64.pow(places);
    let text = format!("{}.{:0width$}", n / unit, n % unit, width = places as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// How package time quotes a text: whatever isn't printable ASCII byte by byte.
pub(super) fn quote(text: &[u8]) -> String {
    let mut out = String::from("\"");
    for &b in text {
        match b {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(b));
            }
            b' '..=b'\x7f' => out.push(char::from(b)),
            _ => out.push_str(&format!("\\x{b:02x}")),
        }
    }
    out.push('"');
    out
}
