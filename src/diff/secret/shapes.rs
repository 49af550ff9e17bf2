//! Secrets that are known by their shape, wherever they stand: private keys, tokens, credentials in addresses.

use std::ops::Range;

use data_encoding::BASE64;
use regex_automata::Input;
use regex_automata::meta::{BuildError, Regex};
use regex_automata::util::syntax;

/// A shape: its expression, and whether a match is one. What the group 1 matches is the secret.
struct Shape {
    expression: &'static str,
    check: fn(&[u8]) -> bool,
}

const SHAPES: &[Shape] = &[
    // Private keys, also those whose end is missing.
    Shape {
        expression: r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?s:.)*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z))",
        check: |_| true,
    },
    // The same in base64, beginning with `-----BEGI`.
    Shape { expression: r"(LS0tLS1CRUdJ[A-Za-z0-9+/]{8,}={0,2})", check: is_encoded_key },
    Shape { expression: r"(AGE-SECRET-KEY-1[0-9A-Z]{40,})", check: |_| true },
    // JSON Web Tokens.
    Shape {
        expression: r"(?:^|[^A-Za-z0-9_-])(ey[A-Za-z0-9_-]{8,}\.ey[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*)",
        check: |_| true,
    },
    // Keys and tokens of well-known services.
    Shape {
        expression: r"(?:^|[^A-Za-z0-9])((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})(?:[^A-Za-z0-9]|$)",
        check: |_| true,
    },
    Shape { expression: r"(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})", check: |_| true },
    Shape { expression: r"(gl(?:pat|ptt|dt|rt|cbt|soat|ft)-[A-Za-z0-9_-]{18,})", check: |_| true },
    Shape { expression: r"(xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,})", check: |_| true },
    Shape { expression: r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9/_-]{10,})", check: |_| true },
    Shape { expression: r"(AIza[0-9A-Za-z_-]{35})", check: |_| true },
    Shape { expression: r"((?:sk|rk|whsec)_(?:live_|test_)?[0-9A-Za-z]{20,})", check: |_| true },
    Shape { expression: r"(?:^|[^A-Za-z0-9-])(sk-[A-Za-z0-9_-]{20,})", check: has_digit },
    Shape {
        expression: r"(npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,}|dckr_pat_[A-Za-z0-9_-]{20,})",
        check: |_| true,
    },
    Shape { expression: r"(SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})", check: |_| true },
    Shape { expression: r"(hv[sbr]\.[A-Za-z0-9_-]{20,})", check: |_| true },
    // Hashed passwords, as in htpasswd files.
    Shape { expression: r"(\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53})", check: |_| true },
    Shape { expression: r"(\$(?:apr1|1|5|6|argon2id?|scrypt)\$[./A-Za-z0-9=,+$-]{16,})", check: |_| true },
    Shape {
        expression: r"(\{SSHA?(?:256|512)?\}[A-Za-z0-9+/=]{20,}|\{SHA\}[A-Za-z0-9+/=]{20,})",
        check: |_| true,
    },
    // Credentials in addresses: `scheme://user:password@host`, `user:password@tcp(host)`, `scheme://token@host`.
    Shape { expression: r#"[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#:@"'<>]*:([^\s@"'<>]+)@"#, check: is_password },
    Shape { expression: r"[\w.-]+:([^\s:@/]+)@(?:tcp|unix|udp)\(", check: is_password },
    Shape { expression: r"[A-Za-z][A-Za-z0-9+.-]*://([A-Za-z0-9_-]{20,})@", check: has_digit },
    // Headers.
    Shape { expression: r"(?i:bearer)[ \t]+([A-Za-z0-9+/=._~-]{16,})", check: has_digit },
    Shape { expression: r"(?i:basic)[ \t]+([A-Za-z0-9+/]{6,}={0,2})", check: is_encoded_pair },
];

/// The shapes, compiled.
#[derive(Clone, Debug)]
pub(super) struct Shapes(Regex);

impl Shapes {
    /// Compiles them.
    pub fn new() -> Result<Shapes, Box<BuildError>> {
        let expressions: Vec<&str> = SHAPES.iter().map(|shape| shape.expression).collect();
        Regex::builder()
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .configure(Regex::config().utf8_empty(false))
            .build_many(&expressions)
            .map(Shapes)
            .map_err(Box::new)
    }

    /// Where secrets stand in a text, in order.
    pub fn find(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
        let mut captures = self.0.create_captures();
        let mut start = 0;
        while start <= text.len() {
            self.0.search_captures(&Input::new(text).range(start..), &mut captures);
            let Some(whole) = captures.get_match() else { return };
            // What ends a match may begin the next one.
            start = whole.end().max(start + 1);
            let Some(secret) = captures.get_group(1) else { continue };
            let check = SHAPES.get(whole.pattern().as_usize()).map(|shape| shape.check);
            let bytes = text.get(secret.start..secret.end).unwrap_or_default();
            if check.is_some_and(|check| check(bytes)) {
                found.push(secret.start..secret.end);
                start = secret.end.max(start.min(secret.end + 1));
            } else {
                start = secret.start.max(whole.start() + 1).min(start);
            }
        }
    }
}

fn has_digit(bytes: &[u8]) -> bool {
    bytes.iter().any(u8::is_ascii_digit)
}

/// Ports with a path before an `@` are no passwords: `http://host:8080/@scope/package`. Neither are references.
fn is_password(bytes: &[u8]) -> bool {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    (digits == 0 || bytes.get(digits) != Some(&b'/')) && !super::is_reference(bytes)
}

fn is_encoded_key(bytes: &[u8]) -> bool {
    // Whole groups of four decode, whatever stands behind.
    let whole = bytes.iter().take_while(|b| **b != b'=').count() / 4 * 4;
    let decoded = BASE64.decode(bytes.get(..whole).unwrap_or_default()).unwrap_or_default();
    memchr::memmem::find(&decoded, b"PRIVATE KEY").is_some()
}

fn is_encoded_pair(bytes: &[u8]) -> bool {
    let decoded = BASE64.decode(bytes).or_else(|_| data_encoding::BASE64_NOPAD.decode(bytes));
    decoded.is_ok_and(|decoded| decoded.contains(&b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut ranges = Vec::new();
        Shapes::new().unwrap().find(text.as_bytes(), &mut ranges);
        ranges.into_iter().map(|range| text[range].to_string()).collect()
    }

    #[test]
    fn private_keys_are_found_and_certificates_are_not() {
        let key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----";
        let text = format!("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n{key}\nrest");
        assert_eq!(found(&text), [key]);
        assert_eq!(found("x -----BEGIN PRIVATE KEY-----\nMIIE"), ["-----BEGIN PRIVATE KEY-----\nMIIE"]);
        let encoded = BASE64.encode(key.as_bytes());
        assert_eq!(found(&encoded), [encoded.as_str()]);
        assert!(
            found(&BASE64.encode(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----")).is_empty()
        );
    }

    #[test]
    fn tokens_are_known_by_their_shape() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N";
        assert_eq!(found(&format!("token {jwt}!")), [jwt]);
        assert_eq!(found("id=AKIAIOSFODNN7EXAMPLE;"), ["AKIAIOSFODNN7EXAMPLE"]);
        assert_eq!(found("Authorization: Bearer abcdef0123456789abcdef"), ["abcdef0123456789abcdef"]);
        assert_eq!(found("Basic YWRtaW46aHVudGVyMg=="), ["YWRtaW46aHVudGVyMg=="]);
        assert_eq!(found("Basic authentication is used, bearer tokens are not"), Vec::<String>::new());
    }

    #[test]
    fn credentials_in_addresses_are_found() {
        assert_eq!(found("postgres://app:s3cr/t@db:5432/x?a=b"), ["s3cr/t"]);
        assert_eq!(found("a redis://:hunter2@r:6379, amqp://u:p2@q"), ["hunter2", "p2"]);
        assert_eq!(found("root:pw@tcp(db:3306)/x"), ["pw"]);
        for plain in [
            "http://host:8080/@scope/package",
            "postgres://app:$(PASSWORD)@db",
            "postgres://app:${PASSWORD}@db",
            "https://example.com/a:b",
            "user@example.com",
            "image: docker.io/x/y:1.2.3@sha256:abc",
        ] {
            assert_eq!(found(plain), Vec::<String>::new(), "{plain}");
        }
    }
}
