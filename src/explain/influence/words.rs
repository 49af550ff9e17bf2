//! The constants that templates compare values with, by a look at the sources: for each name of a value (`type` of
//! `.Values.service.type`), the strings and numbers that stand in one action with it and with a comparison.

use std::collections::HashMap;
use std::sync::Arc;

use crate::template::Source;

/// What is looked for in an action: it compares.
const COMPARISONS: [&str; 17] = [
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "has",
    "in",
    "hasPrefix",
    "hasSuffix",
    "contains",
    "regexMatch",
    "semverCompare",
    "==",
    "!=",
    "startswith",
    "endswith",
];
/// Constants that are kept for one name.
const MAX_PER_NAME: usize = 24;
/// Bytes of an action that are looked at.
const MAX_ACTION: usize = 4096;
/// Versions that are on the far sides of any constraint.
const VERSIONS: [&str; 2] = ["0.1.0", "99.0.0"];

/// The constants that a value is compared with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constants {
    /// Strings.
    pub words: Vec<String>,
    /// Numbers.
    pub numbers: Vec<f64>,
}

impl Constants {
    fn add_word(&mut self, word: &str) {
        if self.words.len() < MAX_PER_NAME && !word.is_empty() && !self.words.iter().any(|w| w == word) {
            self.words.push(word.to_string());
        }
    }

    fn add_number(&mut self, number: f64) {
        if self.numbers.len() < MAX_PER_NAME && !self.numbers.contains(&number) {
            self.numbers.push(number);
        }
    }
}

/// The constants of all templates, by the names that stand beside them, and by the chart (its `templates` folder).
#[derive(Debug, Default)]
pub struct Words(HashMap<String, Vec<(Arc<str>, Constants)>>);

impl Words {
    /// Looks at all templates.
    pub fn of(sources: &[Source]) -> Words {
        let mut words = Words::default();
        for source in sources {
            words.source(&source.base_path, &source.text.to_text());
        }
        words
    }

    /// What values of this name are compared with: in the chart with this `templates` folder, then in others.
    pub fn of_name(&self, name: &str, base: &str) -> Constants {
        let mut found = Constants::default();
        let charts = self.0.get(name).map(Vec::as_slice).unwrap_or_default();
        let (own, others): (Vec<_>, Vec<_>) = charts.iter().partition(|(folder, _)| **folder == *base);
        for (_, constants) in own.into_iter().chain(others) {
            constants.words.iter().for_each(|word| found.add_word(word));
            constants.numbers.iter().for_each(|number| found.add_number(*number));
        }
        found
    }

    fn constants(&mut self, name: String, base: &Arc<str>) -> Option<&mut Constants> {
        let charts = self.0.entry(name).or_default();
        if charts.last().is_none_or(|(folder, _)| folder != base) {
            let at = charts.iter().position(|(folder, _)| folder == base);
            let entry = at.map_or_else(|| (base.clone(), Constants::default()), |at| charts.remove(at));
            charts.push(entry);
        }
        charts.last_mut().map(|(_, constants)| constants)
    }

    fn source(&mut self, base: &Arc<str>, text: &str) {
        // Variables stand for the names that they were made of.
        let mut variables: HashMap<String, Vec<String>> = HashMap::new();
        for action in actions(text) {
            let tokens = tokens(action);
            let mut names: Vec<String> = Vec::new();
            for token in &tokens {
                match token {
                    Token::Name(name) => names.push((*name).to_string()),
                    Token::Variable(name) => {
                        names.extend(variables.get(*name).into_iter().flatten().cloned());
                    }
                    _ => {}
                }
            }
            if let [Token::Variable(name), Token::Assign, ..] = tokens.as_slice() {
                let known = variables.entry((*name).to_string()).or_default();
                if known.len() < MAX_PER_NAME {
                    known.extend(names.iter().take(MAX_PER_NAME).cloned());
                }
            }
            if !tokens.iter().any(|token| matches!(token, Token::Compare(_))) {
                continue;
            }
            let of_versions = tokens.iter().any(|token| matches!(token, Token::Compare("semverCompare")));
            for name in names {
                let Some(constants) = self.constants(name, base) else { continue };
                for token in &tokens {
                    match token {
                        Token::Text(word) if !of_versions => constants.add_word(word),
                        Token::Number(number) => constants.add_number(*number),
                        _ => {}
                    }
                }
                if of_versions {
                    VERSIONS.iter().for_each(|version| constants.add_word(version));
                }
            }
        }
    }
}

/// The texts between `{{` and `}}`, `{%` and `%}`.
pub(super) fn actions(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let open = rest.find('{')?;
            rest = rest.get(open + 1..)?;
            let close = match rest.as_bytes().first() {
                Some(b'{') => "}}",
                Some(b'%') => "%}",
                _ => continue,
            };
            rest = rest.get(1..)?;
            let end = rest.find(close).unwrap_or(rest.len());
            let action = rest.get(..end)?;
            rest = rest.get((end + 2).min(rest.len())..)?;
            return Some(action);
        }
    })
}

#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// The last name of a path (`.Values.a.b` is `b`), or any other word.
    Name(&'a str),
    /// `$x`, also as the start of a path: the path's names follow.
    Variable(&'a str),
    /// A comparison.
    Compare(&'static str),
    /// `=` or `:=`.
    Assign,
    /// A string.
    Text(&'a str),
    /// A number.
    Number(f64),
}

/// The words of an action that matter here.
pub(super) fn tokens(action: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut end = action.len().min(MAX_ACTION);
    while !action.is_char_boundary(end) {
        end -= 1;
    }
    let bytes = action.get(..end).unwrap_or_default().as_bytes();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80;
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        let start = i;
        match b {
            b'"' | b'\'' | b'`' => {
                i += 1;
                while bytes.get(i).is_some_and(|&c| c != b) {
                    i += if bytes.get(i) == Some(&b'\\') && b != b'`' { 2 } else { 1 };
                }
                if let Some(text) = action.get(start + 1..i) {
                    tokens.push(Token::Text(text));
                }
                i += 1;
            }
            b'$' => {
                i += 1;
                while bytes.get(i).is_some_and(|&c| is_word(c)) {
                    i += 1;
                }
                tokens.extend(action.get(start..i).map(Token::Variable));
            }
            b'=' | b'!' | b':' => {
                let two = bytes.get(i..i + 2).unwrap_or_default();
                let token = match two {
                    b"==" => Some(Token::Compare("==")),
                    b"!=" => Some(Token::Compare("!=")),
                    b":=" => Some(Token::Assign),
                    _ if b == b'=' => Some(Token::Assign),
                    _ => None,
                };
                i += if two == b"==" || two == b"!=" || two == b":=" { 2 } else { 1 };
                tokens.extend(token);
            }
            _ if b.is_ascii_digit() => {
                while bytes.get(i).is_some_and(|&c| is_word(c) || c == b'.') {
                    i += 1;
                }
                let number = action.get(start..i).and_then(|text| text.parse().ok());
                tokens.extend(number.map(Token::Number));
            }
            _ if is_word(b) => {
                while bytes.get(i).is_some_and(|&c| is_word(c)) {
                    i += 1;
                }
                if let Some(word) = action.get(start..i) {
                    let compare = COMPARISONS.iter().find(|known| **known == word);
                    let is_path = start > 0 && bytes.get(start - 1) == Some(&b'.');
                    tokens.push(match compare {
                        Some(known) if !is_path => Token::Compare(known),
                        _ => Token::Name(word),
                    });
                }
            }
            _ => i += 1,
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Language;

    fn words(text: &str) -> Words {
        Words::of(&[Source {
            name: "a".into(),
            file: "a".into(),
            base_path: "a".into(),
            text: text.into(),
            language: Language::Go,
        }])
    }

    #[test]
    fn constants_are_found_beside_the_name_they_are_compared_with() {
        let found =
            words("{{ if eq .Values.service.type \"LoadBalancer\" }}{{ .Values.kind | quote }}{{ end }}");
        assert_eq!(found.of_name("type", "a").words, ["LoadBalancer"]);
        assert_eq!(found.of_name("kind", "a"), Constants::default());
    }

    #[test]
    fn variables_stand_for_what_they_were_made_of() {
        let found = words("{{ $t := .Values.type }}{{ if or (eq $t \"A\") (gt (int $t) 3) }}{{ end }}");
        assert_eq!(found.of_name("type", "a"), Constants { words: vec!["A".into()], numbers: vec![3.0] });
    }

    #[test]
    fn those_of_the_value_s_own_chart_come_first() {
        let source = |base: &str, text: &str| Source {
            name: base.into(),
            file: base.into(),
            base_path: base.into(),
            text: text.into(),
            language: Language::Go,
        };
        let found = Words::of(&[
            source("a", "{{ eq .Values.type \"of-a\" }}"),
            source("b", "{{ eq .Values.type \"of-b\" }}"),
            source("a", "{{ ne .Values.type \"a-too\" }}"),
        ]);
        assert_eq!(found.of_name("type", "b").words, ["of-b", "of-a", "a-too"]);
        assert_eq!(found.of_name("type", "a").words, ["of-a", "a-too", "of-b"]);
    }

    #[test]
    fn jinja_compares_by_signs() {
        assert_eq!(
            words("{% if Values.a.mode == 'x' or Values.b in [\"y\"] %}").of_name("mode", "a").words,
            ["x", "y"]
        );
    }
}
