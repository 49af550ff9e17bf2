//! Durations as Go writes them: `1h30m` (Go time.ParseDuration).

/// Whether both are durations, and equal ones.
pub(super) fn equal(a: &str, b: &str) -> bool {
    parse(a).is_some_and(|a| parse(b) == Some(a))
}

/// A duration in units of 10⁻¹⁸ seconds.
fn parse(text: &str) -> Option<i128> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut sum = 0i128;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(end)?;
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end)?;
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        // Go cuts what is finer than a nanosecond; such durations are not told equal here.
        if whole.len() + fraction.len() == 0 || fraction.len() > 9 || whole.len() > 12 {
            return None;
        }
        let digits: i128 = format!("{whole}{fraction:0<9}").parse().ok()?;
        sum = sum.checked_add(digits.checked_mul(unit)?)?;
        rest = after;
    }
    Some(if negative { -sum } else { sum })
}

#[cfg(test)]
mod tests {
    use super::equal;

    #[test]
    fn durations_are_equal_whatever_their_units() {
        for (a, b) in
            [("1h", "60m"), ("1h30m", "1.5h"), ("2160h0m0s", "2160h"), ("0", "0s"), ("1s", "1000ms")]
        {
            assert!(equal(a, b), "{a} {b}");
        }
        for (a, b) in
            [("1d", "24h"), ("", ""), ("60", "1m"), ("1m", "1ms"), ("1", "1"), ("h", "h"), ("1.2.3s", "1s")]
        {
            assert!(!equal(a, b), "{a} {b}");
        }
    }
}
