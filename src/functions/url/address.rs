//! IP addresses, as far as a URL needs them: whether Go's `netip.ParseAddr` takes one, and what it says if not.

use crate::value::print;

struct Problem<'a> {
    what: &'static str,
    at: Option<&'a [u8]>,
}

fn problem<T>(what: &'static str) -> Result<T, Problem<'static>> {
    Err(Problem { what, at: None })
}

fn problem_at<'a, T>(what: &'static str, at: &'a [u8]) -> Result<T, Problem<'a>> {
    Err(Problem { what, at: Some(at) })
}

/// Whether an address is an IPv4 one (else it is an IPv6 one).
///
/// # Errors
/// With Go's message, if it is neither.
pub(super) fn is_ipv4(address: &[u8]) -> Result<bool, String> {
    let result = match address.iter().find(|b| b".:%".contains(b)) {
        Some(b'.') => check_ipv4(address).map(|()| true),
        Some(b':') => check_ipv6(address).map(|()| false),
        Some(_) => problem("missing IPv6 address"),
        None => problem("unable to parse IP"),
    };
    result.map_err(|p| {
        let at = p.at.map(|at| format!(" (at {})", print::quote(at))).unwrap_or_default();
        format!("ParseAddr({}): {}{at}", print::quote(address), p.what)
    })
}

fn check_ipv4(s: &[u8]) -> Result<(), Problem<'_>> {
    let (mut value, mut digits, mut dots) = (0u32, 0, 0);
    for (i, &b) in s.iter().enumerate() {
        let here = s.get(i..).unwrap_or_default();
        match b {
            b'0'..=b'9' => {
                if digits == 1 && value == 0 {
                    return problem("IPv4 field has octet with leading zero");
                }
                value = value * 10 + u32::from(b - b'0');
                digits += 1;
                if value > 255 {
                    return problem("IPv4 field has value >255");
                }
            }
            b'.' => {
                if digits == 0 || i + 1 == s.len() {
                    return problem_at("IPv4 field must have at least one digit", here);
                }
                if dots == 3 {
                    return problem("IPv4 address too long");
                }
                dots += 1;
                (value, digits) = (0, 0);
            }
            _ => return problem_at("unexpected character", here),
        }
    }
    if dots < 3 { problem("IPv4 address too short") } else { Ok(()) }
}

fn check_ipv6(address: &[u8]) -> Result<(), Problem<'_>> {
    let mut s = address;
    if let Some(at) = memchr::memchr(b'%', address) {
        if at + 1 == address.len() {
            return problem("zone must be a non-empty string");
        }
        s = address.get(..at).unwrap_or_default();
    }
    let mut ellipsis = false;
    if let Some(rest) = s.strip_prefix(b"::") {
        ellipsis = true;
        s = rest;
        if s.is_empty() {
            return Ok(());
        }
    }
    let mut bytes = 0;
    while bytes < 16 {
        let digits = s.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if digits > 4 {
            return problem_at("each group must have 4 or fewer digits", s);
        }
        if digits == 0 {
            return problem_at("each colon-separated field must have at least one digit", s);
        }
        if s.get(digits) == Some(&b'.') {
            if !ellipsis && bytes != 12 {
                return problem_at("embedded IPv4 address must replace the final 2 fields of the address", s);
            }
            if bytes + 4 > 16 {
                return problem_at(
                    "too many hex fields to fit an embedded IPv4 at the end of the address",
                    s,
                );
            }
            check_ipv4(s)?;
            s = &[];
            bytes += 4;
            break;
        }
        bytes += 2;
        s = s.get(digits..).unwrap_or_default();
        match s {
            [] => break,
            [b':'] => return problem_at("colon must be followed by more characters", s),
            [b':', rest @ ..] => s = rest,
            _ => return problem_at("unexpected character, want colon", s),
        }
        if let Some(rest) = s.strip_prefix(b":") {
            if ellipsis {
                return problem_at("multiple :: in address", s);
            }
            ellipsis = true;
            s = rest;
            if s.is_empty() {
                break;
            }
        }
    }
    if !s.is_empty() {
        return problem_at("trailing garbage after address", s);
    }
    match (bytes < 16, ellipsis) {
        (true, false) => problem("address string too short"),
        (false, true) => problem("the :: must expand to at least one field of zeros"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_or_refused_as_go_does() {
        for good in ["::", "::1", "1:2:3:4:5:6:7:8", "fe80::1%eth0", "::ffff:1.2.3.4", "1::"] {
            assert_eq!(is_ipv4(good.as_bytes()), Ok(false), "{good}");
        }
        assert_eq!(is_ipv4(b"1.2.3.4"), Ok(true));
        for (bad, want) in [
            ("1:2", "address string too short"),
            ("1:2:3:4:5:6:7:8:9", "trailing garbage after address (at \"9\")"),
            ("::1::", "multiple :: in address (at \":\")"),
            ("12345::", "each group must have 4 or fewer digits (at \"12345::\")"),
            ("::1%", "zone must be a non-empty string"),
            ("1.2.3", "IPv4 address too short"),
            ("1.2.3.256", "IPv4 field has value >255"),
            ("01.2.3.4", "IPv4 field has octet with leading zero"),
            ("x", "unable to parse IP"),
            ("%eth0", "missing IPv6 address"),
        ] {
            assert_eq!(is_ipv4(bad.as_bytes()), Err(format!("ParseAddr({bad:?}): {want}")), "{bad}");
        }
    }
}
