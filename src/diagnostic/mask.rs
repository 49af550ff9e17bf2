//! What of a source line must not be shown: the values of keys that look secret.

/// A piece of a line, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// What stands there.
    pub original: &'a str,
    /// What is shown instead, if it is secret.
    pub shown: Option<&'static str>,
}

const MASK: &str = "***";

/// Lines above a line that are searched for the keys it stands under.
const LOOK_BACK: usize = 5_000;

/// The pieces of `line`, the `number`-th (from 1) of `text`.
///
/// A value is masked when its own key, or one it stands under, looks secret, and when it stands under `data` or
/// `stringData` of a `kind: Secret`. Of template code only string literals are: names of values are no secrets.
pub(super) fn pieces<'a>(text: &str, number: usize, line: &'a str) -> Vec<Piece<'a>> {
    let value = value_start(line);
    let own = value.and_then(|_| key(line)).is_some_and(looks_secret);
    if !own && !stands_under_secret(text, number, line) {
        return vec![Piece { original: line, shown: None }];
    }
    let start = value.unwrap_or_else(|| indent(line));
    let mut pieces = vec![Piece { original: &line[..start], shown: None }];
    mask_value(&line[start..], &mut pieces);
    pieces
}

/// Masks the literal text of a value and the string literals in its template code.
fn mask_value<'a>(mut value: &'a str, pieces: &mut Vec<Piece<'a>>) {
    while !value.is_empty() {
        let open = value.find("{{").or_else(|| value.find("{%")).unwrap_or(value.len());
        literal(&value[..open], pieces);
        value = &value[open..];
        let close = value.find("}}").or_else(|| value.find("%}")).map_or(value.len(), |i| i + 2);
        let mut code = &value[..close];
        while let Some(quote) = code.find(['"', '\'', '`']) {
            let Some(length) = code[quote + 1..].find(&code[quote..=quote]) else { break };
            pieces.push(Piece { original: &code[..=quote], shown: None });
            literal(&code[quote + 1..quote + 1 + length], pieces);
            pieces.push(Piece { original: &code[quote + 1 + length..quote + 2 + length], shown: None });
            code = &code[quote + 2 + length..];
        }
        pieces.push(Piece { original: code, shown: None });
        value = &value[close..];
    }
}

fn literal<'a>(text: &'a str, pieces: &mut Vec<Piece<'a>>) {
    let blank = text.trim_matches([' ', '"', '\'', ',']).is_empty();
    pieces.push(Piece { original: text, shown: (!blank).then_some(MASK) });
}

/// Whether a line stands under a key that looks secret, or in the data of a Secret.
fn stands_under_secret(text: &str, number: usize, line: &str) -> bool {
    let above: Vec<&str> = text.split('\n').take(number.saturating_sub(1)).collect();
    let mut level = indent(line);
    let mut in_data = false;
    for line in above.iter().rev().take(LOOK_BACK) {
        if line.starts_with("---") {
            break;
        }
        if line.trim().is_empty() || line.trim_start().starts_with('#') || line.trim_start().starts_with("{{")
        {
            continue;
        }
        // An item of a list may stand at the same level as the key it belongs to.
        if indent(line) < level || (indent(line) == level && level > 0 && is_bare_key(line)) {
            level = indent(line);
            let Some(key) = key(line) else { continue };
            if looks_secret(key) {
                return true;
            }
            in_data |= matches!(key, "data" | "stringData");
        }
    }
    let document = |line: &&&str| !line.starts_with("---");
    let is_secret =
        |line: &&str| line.trim_start().strip_prefix("kind:").is_some_and(|kind| kind.trim() == "Secret");
    in_data
        && (above.iter().rev().take_while(document).any(is_secret)
            || text
                .split('\n')
                .skip(number)
                .take_while(|line| !line.starts_with("---"))
                .any(|line| is_secret(&line)))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t', '-']).len()
}

fn is_bare_key(line: &str) -> bool {
    line.trim_end().ends_with(':')
}

/// Where the value begins, behind `key:` or `key =`.
fn value_start(line: &str) -> Option<usize> {
    let start = indent(line);
    let rest = &line[start..];
    if rest.starts_with("{{") || rest.starts_with("{%") || rest.starts_with('#') {
        return None;
    }
    let separator = rest.find([':', '='])?;
    let after = start + separator + 1;
    Some(after + (line[after..].len() - line[after..].trim_start().len()))
}

/// The key of a line, without quotes.
fn key(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches([' ', '\t', '-']);
    let end = rest.find([':', '='])?;
    Some(rest[..end].trim().trim_matches(['"', '\'']))
}

/// Whether a key names something that shouldn't be read over a shoulder.
pub(crate) fn looks_secret(key: &str) -> bool {
    const WITHIN: [&str; 9] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "credential",
        "apikey",
        "privatekey",
        "accesskey",
    ];
    const WORDS: [&str; 14] = [
        "pass",
        "pwd",
        "key",
        "keys",
        "cert",
        "certs",
        "certificate",
        "certificates",
        "crt",
        "pem",
        "auth",
        "authorization",
        "bearer",
        "dsn",
    ];
    let lower: String = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    WITHIN.iter().any(|word| lower.contains(word))
        || words(key).iter().any(|word| WORDS.contains(&word.as_str()))
}

/// The words of a name: `tlsKey`, `tls-key` and `tls.key` all hold `key`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        after_lower = c.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, number: usize) -> String {
        let line = text.split('\n').nth(number - 1).unwrap();
        pieces(text, number, line).iter().map(|p| p.shown.unwrap_or(p.original)).collect()
    }

    #[test]
    fn the_value_of_a_secret_looking_key_is_masked() {
        assert_eq!(shown("  dbPassword: hunter2", 1), "  dbPassword: ***");
        assert_eq!(shown("- \"api-key\": 'x y'", 1), "- \"api-key\": ***");
        assert_eq!(shown("TOKEN=abc", 1), "TOKEN=***");
        assert_eq!(shown("keyword: plain", 1), "keyword: plain");
        assert_eq!(shown("replicas: 1", 1), "replicas: 1");
    }

    #[test]
    fn what_stands_under_such_a_key_is_masked() {
        assert_eq!(shown("tls.key: |\n  MIIE\n  abc: x", 2), "  ***");
        assert_eq!(shown("secrets:\n  a:\n  - b: 1\n    c: 2", 4), "    c: ***");
        assert_eq!(shown("a:\n  token: x\n  b: 2", 3), "  b: 2");
    }

    #[test]
    fn the_data_of_a_secret_is_masked_wherever_its_kind_stands() {
        assert_eq!(shown("kind: Secret\ndata:\n  a: eHg=", 3), "  a: ***");
        assert_eq!(shown("stringData:\n  a: x\nkind: Secret", 2), "  a: ***");
        assert_eq!(shown("kind: ConfigMap\ndata:\n  a: x", 3), "  a: x");
        assert_eq!(shown("kind: Secret\n---\nkind: ConfigMap\ndata:\n  a: x", 5), "  a: x");
    }

    #[test]
    fn template_code_stays_but_for_its_literals() {
        assert_eq!(
            shown("password: pre{{ .Values.a.b | default \"hunter2\" }}post", 1),
            "password: ***{{ .Values.a.b | default \"***\" }}***"
        );
        assert_eq!(shown("token: {{ Values.token }}", 1), "token: {{ Values.token }}");
    }
}
