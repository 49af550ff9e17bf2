//! Other texts of the same shape: a quantity for a quantity, a version for a version.

/// Words of which each is the other's opposite.
const OPPOSITES: [(&str, &str); 7] = [
    ("true", "false"),
    ("True", "False"),
    ("TRUE", "FALSE"),
    ("yes", "no"),
    ("on", "off"),
    ("enabled", "disabled"),
    ("Enabled", "Disabled"),
];

/// A text that has nothing in common with others.
const PLAIN: &str = "x";

/// Texts to try in the place of one that isn't empty: one of the same shape, and a plain word.
pub fn others(text: &str) -> Vec<String> {
    if let Some(word) = opposite(text) {
        return vec![word.to_string()];
    }
    let mut others = Vec::new();
    let near = if text.contains('\n') { each_line(text) } else { near(text) };
    match near {
        Some(near) => others.push(near),
        None => others.push(format!("{text}x")),
    }
    // Longer than what it replaces: what is cut to a length shows, too.
    if text != PLAIN {
        others.push(PLAIN.to_string());
    }
    others
}

fn opposite(text: &str) -> Option<&'static str> {
    OPPOSITES.iter().find_map(|(a, b)| match text {
        text if text == *a => Some(*b),
        text if text == *b => Some(*a),
        _ => None,
    })
}

/// Another text for each line that can have one.
fn each_line(text: &str) -> Option<String> {
    let mut changed = false;
    let mut lines = Vec::new();
    for line in text.split('\n') {
        match near(line) {
            // Comments, and actions of templates, stay as they are.
            Some(other) if !line.trim_start().starts_with('#') && !line.contains("{{") => {
                changed = true;
                lines.push(other);
            }
            _ => lines.push(line.to_string()),
        }
    }
    changed.then(|| lines.join("\n"))
}

/// The text with its last number one more (or less), or its last letter another one. What stands within `{{ }}`
/// stays. That keeps quantities, durations, versions, addresses, dates, base64 and most names what they are.
fn near(text: &str) -> Option<String> {
    let free = free_from_actions(text);
    let bytes = text.as_bytes();
    let is_free = |index: usize| free.iter().any(|range| range.contains(&index));
    if let Some(end) = (0..bytes.len()).rev().find(|&i| bytes[i].is_ascii_digit() && is_free(i)) {
        let digit = bytes[end];
        // Never a 9 or an 8 for a 7, so that octal numbers, and parts of addresses and dates, stay what they are.
        let other = match digit {
            b'7' => b'6',
            b'9' => b'8',
            b'5' => b'4',
            digit => digit + 1,
        };
        return replaced(text, end, other);
    }
    let end = (0..bytes.len()).rev().find(|&i| bytes[i].is_ascii_alphabetic() && is_free(i))?;
    let other = match bytes[end] {
        letter @ (b'z' | b'Z') => letter - 1,
        letter => letter + 1,
    };
    replaced(text, end, other)
}

fn replaced(text: &str, at: usize, by: u8) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    *bytes.get_mut(at)? = by;
    String::from_utf8(bytes).ok()
}

/// The parts of a text outside of `{{ }}`.
fn free_from_actions(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut free = Vec::new();
    let mut start = 0;
    while let Some(open) = text.get(start..).and_then(|rest| rest.find("{{")) {
        free.push(start..start + open);
        match text.get(start + open..).and_then(|rest| rest.find("}}")) {
            Some(close) => start += open + close + 2,
            None => return free,
        }
    }
    free.push(start..text.len());
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_replaced_by_one_of_the_same_shape() {
        for (text, other) in [
            ("1Gi", "2Gi"),
            ("100m", "101m"),
            ("1.2.3", "1.2.4"),
            ("v1.9.9", "v1.9.8"),
            ("30s", "31s"),
            ("8080", "8081"),
            ("10.0.0.255", "10.0.0.254"),
            ("10.0.0.0/16", "10.0.0.0/17"),
            ("http://host:80/path", "http://host:81/path"),
            ("0644", "0645"),
            ("25%", "24%"),
            ("nginx", "nginy"),
            ("aGVsbG8=", "aGVsbG9="),
            ("{{ index .x 0 }}-a", "{{ index .x 0 }}-b"),
            ("true", "false"),
            ("off", "on"),
            ("é", "éx"),
        ] {
            assert_eq!(others(text)[0], other, "{text}");
        }
    }

    #[test]
    fn each_line_of_a_text_is_another() {
        assert_eq!(others("a: 1\n# b\n{{ .x }}: c\n}\n")[0], "a: 2\n# b\n{{ .x }}: c\n}\n");
    }
}
