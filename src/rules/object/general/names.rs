//! Names and labels, as the API takes them (`apimachinery/pkg/util/validation/validation.go`).

/// Why a text is no DNS label (RFC 1123); `None` if it is one.
pub fn not_a_label(text: &str) -> Option<&'static str> {
    if text.len() > 63 {
        return Some("it is longer than 63 characters");
    }
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    match (text.as_bytes(), text.bytes().all(|b| fine(b) || b == b'-')) {
        ([], _) => Some("it is empty"),
        ([first, .., last], true) if fine(*first) && fine(*last) => None,
        ([one], true) if fine(*one) => None,
        (_, true) => Some("it begins or ends with a dash"),
        _ => Some("it may have small letters, digits and dashes alone"),
    }
}

/// Why a text is no DNS subdomain: labels with dots between them.
pub fn not_a_subdomain(text: &str) -> Option<&'static str> {
    if text.len() > 253 {
        return Some("it is longer than 253 characters");
    }
    // Labels of a subdomain may be longer than those that stand alone.
    text.split('.').find_map(|label| not_a_label(label).filter(|why| !why.contains("longer")))
}

/// Why a text is no part of a URL's path, which is all that names of roles have to be.
pub fn not_a_segment(text: &str) -> Option<&'static str> {
    match text {
        "" => Some("it is empty"),
        "." | ".." => Some("it means another folder"),
        text if text.contains(['/', '%']) => Some("it has a slash or a percent sign"),
        _ => None,
    }
}

/// Why a text is no value of a label.
pub fn not_a_label_value(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return None;
    }
    not_a_word(text)
}

/// Why a text is no key of a label or annotation.
pub fn not_a_key(text: &str) -> Option<&'static str> {
    match text.split_once('/') {
        Some((prefix, name)) => not_a_subdomain(prefix).or_else(|| not_a_word(name)),
        None => not_a_word(text),
    }
}

/// Letters, digits, dashes, dots and low lines, with letters or digits at both ends.
fn not_a_word(text: &str) -> Option<&'static str> {
    if text.len() > 63 {
        return Some("it is longer than 63 characters");
    }
    let ends = [text.as_bytes().first(), text.as_bytes().last()];
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Some("it may have letters, digits, and -_. alone");
    }
    let fine = ends.into_iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric));
    (!fine).then_some("it must begin and end with a letter or digit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_api() {
        let taken = |text: &str, check: fn(&str) -> Option<&'static str>| check(text).is_none();
        assert!(taken("a-1", not_a_label) && taken("1a", not_a_label) && taken("a", not_a_label));
        assert!(!taken("", not_a_label) && !taken("A", not_a_label) && !taken("a-", not_a_label));
        assert!(!taken("-", not_a_label) && !taken(&"a".repeat(64), not_a_label));
        assert!(taken("a.b-c.io", not_a_subdomain) && !taken("a..b", not_a_subdomain));
        assert!(taken(&format!("{}.b", "a".repeat(64)), not_a_subdomain));
        assert!(taken("system:node", not_a_segment) && !taken("a/b", not_a_segment));
        assert!(taken("", not_a_label_value) && taken("a_B.c", not_a_label_value));
        assert!(!taken("a+b", not_a_label_value) && !taken("é", not_a_label_value));
        assert!(taken("helm.sh/chart", not_a_key) && taken("chart", not_a_key));
        assert!(!taken("Helm.sh/chart", not_a_key) && !taken("a/b/c", not_a_key) && !taken("a/", not_a_key));
    }
}
