//! Words that both reports share.

use crate::explain::influence::{LineInfluence, Replacement};
use crate::explain::object::Decides;
use crate::json::{self, Escape};
use crate::value::Value;

/// Characters of a value that are shown.
const MAX_SHOWN: usize = 80;

/// A value on one line, shortened.
pub fn value(value: &Value) -> String {
    let text = json::encode(value, Escape::None).unwrap_or_else(|_| value.type_name().to_string());
    shortened(&text)
}

/// A text, cut off where it is too long.
pub fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_SHOWN {
        return text.to_string();
    }
    text.chars().take(MAX_SHOWN - 1).chain(['…']).collect()
}

/// What was tried in the place of a value: `with 4`, `without it`.
pub fn trial(decides: &Decides, index: usize) -> String {
    match decides.trials.get(index) {
        Some((Replacement::Set(other), _)) => format!("with {}", value(other)),
        Some((Replacement::Removed, _)) => "without it".to_string(),
        None => "with another".to_string(),
    }
}

/// Numbers of lines as ranges: `3, 5-7`.
pub fn ranges(numbers: &[usize]) -> String {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => parts.push((number, number)),
        }
    }
    let shown = parts.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") });
    shown.collect::<Vec<_>>().join(", ")
}

/// How a line hangs on a value, in one word for machines.
pub fn effect(how: &LineInfluence) -> &'static str {
    match (how.changed, how.gone) {
        (Some(_), None) => "text",
        (None, Some(_)) => "presence",
        (Some(_), Some(_)) => "text and presence",
        (None, None) => "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_a_range() {
        assert_eq!(ranges(&[1, 2, 3, 5, 7, 8]), "1-3, 5, 7-8");
        assert_eq!(ranges(&[]), "");
    }
}
