//! Percent escapes in the parts of a URL, as `net/url` allows them.

use crate::value::print;

/// Where in a URL a text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Path,
    Host,
    Zone,
    UserPassword,
    Fragment,
}

/// `shouldEscape`: whether a byte cannot stand there as it is.
fn should_escape(b: u8, mode: Mode) -> bool {
    if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) {
        return false;
    }
    match mode {
        Mode::Host | Mode::Zone => !b"!$&'()*+,;=:[]<>\"".contains(&b),
        Mode::Path => !b"$&+,/:;=@".contains(&b),
        Mode::UserPassword => !b"$&+,;=".contains(&b),
        Mode::Fragment => !b"$&+,/:;=?@!()*".contains(&b),
    }
}

pub(super) fn escape(s: &[u8], mode: Mode) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(s.len());
    for &b in s {
        if should_escape(b, mode) {
            out.extend([b'%', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
        } else {
            out.push(b);
        }
    }
    out
}

pub(super) fn unescape(s: &[u8], mode: Mode) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(s.len());
    let mut rest = s;
    while let Some((&b, after)) = rest.split_first() {
        if b != b'%' {
            if matches!(mode, Mode::Host | Mode::Zone) && b.is_ascii() && should_escape(b, mode) {
                return Err(format!("invalid character {} in host name", print::quote(&[b])));
            }
            out.push(b);
            rest = after;
            continue;
        }
        let escape = rest.get(..3).unwrap_or(rest);
        let error = || format!("invalid URL escape {}", print::quote(escape));
        let hex = |i: usize| escape.get(i).and_then(|&b| char::from(b).to_digit(16)).map(|d| d as u8);
        let (Some(high), Some(low)) = (hex(1), hex(2)) else { return Err(error()) };
        let value = high << 4 | low;
        let allowed = match mode {
            // Only beyond ASCII, and the percent sign before a zone.
            Mode::Host => !value.is_ascii() || escape == b"%25",
            // Only what could be written directly; Windows puts spaces here.
            Mode::Zone => escape == b"%25" || value == b' ' || !should_escape(value, Mode::Host),
            _ => true,
        };
        if !allowed {
            return Err(error());
        }
        out.push(value);
        rest = rest.get(3..).unwrap_or_default();
    }
    Ok(out)
}
