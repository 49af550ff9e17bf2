//! Violations as Helm's library says them (`santhosh-tekuri/jsonschema` v6.0.2, `kind` and `output.go`).

use std::fmt::Write;

use boon::{CompileError, ErrorKind, InstanceLocation, InstanceToken, ValidationError};
use serde_json::{Number, Value as Json};

use super::Path;
use crate::functions::regex;
use crate::source::quote as double_quote;
use crate::value::number;

/// The violations as a tree, one a line, without the line about the schema as a whole.
pub(super) fn validation_error(error: &ValidationError) -> String {
    let mut out = String::new();
    match &error.kind {
        ErrorKind::Schema { .. } => {
            for cause in &error.causes {
                show(cause, 0, &mut out);
            }
        }
        _ => show(error, 0, &mut out),
    }
    out
}

fn show(error: &ValidationError, level: usize, out: &mut String) {
    let only_leads_on = matches!(error.kind, ErrorKind::Reference { .. }) && error.causes.len() == 1;
    let mut level = level;
    if !only_leads_on {
        if !out.is_empty() {
            out.push('\n');
        }
        out.extend(std::iter::repeat_n("  ", level));
        let at = quote(&error.instance_location.to_string());
        let _ = write!(out, "- at {at}: {}", kind(&error.kind, &error.instance_location));
        level += 1;
    }
    for cause in &error.causes {
        show(cause, level, out);
    }
}

/// Where the violations are, each place once, and why, without the values: the places without further causes.
pub(super) fn leaves(error: &ValidationError, found: &mut Vec<(Path, String)>) {
    if !error.causes.is_empty() {
        for cause in &error.causes {
            leaves(cause, found);
        }
        return;
    }
    let mut path: Path = tokens(&error.instance_location).collect();
    if let ErrorKind::AdditionalProperties { got } = &error.kind
        && let Some(first) = got.first()
    {
        path.push(first.to_string());
    }
    if !found.iter().any(|(own, _)| *own == path) {
        found.push((path, without_value(&error.kind, &error.instance_location)));
    }
}

/// Why a value is refused, without the value and how long it is.
fn without_value(error: &ErrorKind, location: &InstanceLocation) -> String {
    match error {
        ErrorKind::Format { want, .. } => format!("it is not valid {want}"),
        ErrorKind::Pattern { want, .. } => format!("it does not match pattern {}", quote(want)),
        ErrorKind::MinLength { want, .. } => format!("minLength: want {}", grouped(*want)),
        ErrorKind::MaxLength { want, .. } => format!("maxLength: want {}", grouped(*want)),
        ErrorKind::Minimum { want, .. } => format!("minimum: want {}", grouped_number(want)),
        ErrorKind::Maximum { want, .. } => format!("maximum: want {}", grouped_number(want)),
        ErrorKind::ExclusiveMinimum { want, .. } => {
            format!("exclusiveMinimum: want {}", grouped_number(want))
        }
        ErrorKind::ExclusiveMaximum { want, .. } => {
            format!("exclusiveMaximum: want {}", grouped_number(want))
        }
        ErrorKind::MultipleOf { want, .. } => format!("multipleOf: want {}", grouped_number(want)),
        ErrorKind::ContentEncoding { want, .. } => format!("it is not {} encoded", quote(want)),
        ErrorKind::ContentMediaType { want, .. } => format!("it is not of mediatype {}", quote(want)),
        other => kind(other, location),
    }
}

fn tokens<'a>(location: &'a InstanceLocation<'_>) -> impl Iterator<Item = String> + 'a {
    location.tokens.iter().map(|token| match token {
        InstanceToken::Prop(name) => name.to_string(),
        InstanceToken::Item(index) => index.to_string(),
    })
}

fn kind(kind: &ErrorKind, location: &InstanceLocation) -> String {
    match kind {
        ErrorKind::Group | ErrorKind::Reference { .. } => "validation failed".to_string(),
        ErrorKind::Schema { url } => format!("jsonschema validation failed with {}", quote(url)),
        ErrorKind::ContentSchema => "'contentSchema' failed".to_string(),
        ErrorKind::PropertyName { prop } => format!("invalid propertyName {}", quote(prop)),
        ErrorKind::RefCycle { url, kw_loc1, kw_loc2 } => {
            format!("both {kw_loc1} and {kw_loc2} resolve to {} causing reference cycle", double_quote(url))
        }
        ErrorKind::FalseSchema => "false schema".to_string(),
        ErrorKind::Type { got, want } => {
            let want: Vec<String> = want.iter().map(|t| t.to_string()).collect();
            format!("got {got}, want {}", want.join(" or "))
        }
        ErrorKind::Enum { want } if want.iter().any(is_container) => "'enum' failed".to_string(),
        ErrorKind::Enum { want } => {
            let shown: Vec<String> = want.iter().map(display).collect();
            match shown.as_slice() {
                [one] => format!("value must be {one}"),
                _ => format!("value must be one of {}", shown.join(", ")),
            }
        }
        ErrorKind::Const { want } if is_container(want) => "'const' failed".to_string(),
        ErrorKind::Const { want } => format!("value must be {}", display(want)),
        ErrorKind::Format { got, want, err } => {
            format!("{} is not valid {want}: {err}", masked(location, || display(got)))
        }
        ErrorKind::MinProperties { got, want } => counts("minProperties", *got, *want),
        ErrorKind::MaxProperties { got, want } => counts("maxProperties", *got, *want),
        ErrorKind::MinItems { got, want } => counts("minItems", *got, *want),
        ErrorKind::MaxItems { got, want } => counts("maxItems", *got, *want),
        ErrorKind::MinLength { got, want } => counts("minLength", *got, *want),
        ErrorKind::MaxLength { got, want } => counts("maxLength", *got, *want),
        ErrorKind::AdditionalProperties { got } => {
            format!("additional properties {} not allowed", joined(got.iter().map(AsRef::as_ref)))
        }
        ErrorKind::Required { want } => match want.as_slice() {
            [one] => format!("missing property {}", quote(one)),
            _ => format!("missing properties {}", joined(want.iter().copied())),
        },
        ErrorKind::Dependency { prop, missing } | ErrorKind::DependentRequired { prop, missing } => {
            format!("properties {} required, if {} exists", joined(missing.iter().copied()), quote(prop))
        }
        ErrorKind::Contains => "no items match contains schema".to_string(),
        ErrorKind::MinContains { got, want } if got.is_empty() => {
            format!("min {} items required to match contains schema, but none matched", grouped(*want))
        }
        ErrorKind::MinContains { got, want } => contains("min", got, *want),
        ErrorKind::MaxContains { got, want } => contains("max", got, *want),
        ErrorKind::UniqueItems { got: [i, j] } => {
            format!("items at {} and {} are equal", grouped(*i), grouped(*j))
        }
        ErrorKind::AdditionalItems { got } => format!("last {} additionalItem(s) not allowed", grouped(*got)),
        ErrorKind::Pattern { got, want } => {
            format!("{} does not match pattern {}", masked(location, || quote(got)), quote(want))
        }
        ErrorKind::ContentEncoding { want, err } => format!("value is not {} encoded: {err}", quote(want)),
        ErrorKind::ContentMediaType { want, err, .. } => {
            format!("value if not of mediatype {}: {err}", quote(want))
        }
        ErrorKind::Minimum { got, want } => numbers("minimum", got, want),
        ErrorKind::Maximum { got, want } => numbers("maximum", got, want),
        ErrorKind::ExclusiveMinimum { got, want } => numbers("exclusiveMinimum", got, want),
        ErrorKind::ExclusiveMaximum { got, want } => numbers("exclusiveMaximum", got, want),
        ErrorKind::MultipleOf { got, want } => numbers("multipleOf", got, want),
        ErrorKind::Not => "'not' failed".to_string(),
        ErrorKind::AllOf => "'allOf' failed".to_string(),
        ErrorKind::AnyOf => "'anyOf' failed".to_string(),
        ErrorKind::OneOf(None) => "'oneOf' failed, none matched".to_string(),
        ErrorKind::OneOf(Some((i, j))) => {
            format!("'oneOf' failed, subschemas {}, {} matched", grouped(*i), grouped(*j))
        }
    }
}

fn counts(keyword: &str, got: usize, want: usize) -> String {
    format!("{keyword}: got {}, want {}", grouped(got), grouped(want))
}

fn numbers(keyword: &str, got: &Number, want: &Number) -> String {
    format!("{keyword}: got {}, want {}", grouped_number(got), grouped_number(want))
}

fn contains(which: &str, got: &[usize], want: usize) -> String {
    let at: Vec<String> = got.iter().map(usize::to_string).collect();
    format!(
        "{which} {} items required to match contains schema, but matched {} items at {}",
        grouped(want),
        grouped(got.len()),
        at.join(" ")
    )
}

/// The texts that name a secret when they are part of a value's name.
const SECRET_NAMES: [&str; 8] =
    ["password", "passwd", "secret", "token", "credential", "apikey", "privatekey", "accesskey"];

/// The value in a message, or stars if its name looks like a secret's.
fn masked(location: &InstanceLocation, value: impl FnOnce() -> String) -> String {
    let secret = tokens(location).any(|name| {
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let name = name.to_ascii_lowercase();
        SECRET_NAMES.iter().any(|secret| name.contains(secret))
    });
    if secret { "'***'".to_string() } else { value() }
}

/// A number with commas between thousands, as the library's English printer writes it.
fn grouped(n: usize) -> String {
    group_digits(&n.to_string())
}

fn grouped_number(n: &Number) -> String {
    let text = number::format_f(n.as_f64().unwrap_or_default());
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction}", group_digits(whole)),
        None => group_digits(&text),
    }
}

fn group_digits(digits: &str) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits),
    };
    let mut out = String::from(sign);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

fn is_container(value: &Json) -> bool {
    value.is_array() || value.is_object()
}

fn display(value: &Json) -> String {
    match value {
        Json::String(s) => quote(s),
        Json::Array(_) | Json::Object(_) => "value".to_string(),
        Json::Null => "<nil>".to_string(),
        other => other.to_string(),
    }
}

/// A text in single quotes.
fn quote(text: &str) -> String {
    let quoted = double_quote(text).replace("\\\"", "\"").replace('\'', "\\'");
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    format!("'{inner}'")
}

fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.map(quote).collect::<Vec<_>>().join(", ")
}

/// The first pattern that Go's regular expressions refuse, and where it stands. Helm's library compiles all
/// patterns of the schema, and so refuses what looks ahead or behind.
pub(super) fn bad_pattern(schema: &Json) -> Option<(String, String)> {
    let mut open = vec![(schema, String::new())];
    while let Some((json, place)) = open.pop() {
        match json {
            Json::Array(items) => {
                open.extend(items.iter().enumerate().map(|(i, item)| (item, format!("{place}/{i}"))));
            }
            Json::Object(entries) => {
                for (key, value) in entries {
                    let place = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
                    match (key.as_str(), value) {
                        ("enum" | "const" | "default" | "examples", _) => continue,
                        ("pattern", Json::String(pattern)) if regex::check(pattern).is_err() => {
                            return Some((pattern.clone(), place));
                        }
                        ("patternProperties", Json::Object(patterns)) => {
                            if let Some(bad) = patterns.keys().find(|p| regex::check(p).is_err()) {
                                return Some((bad.clone(), place));
                            }
                        }
                        _ => {}
                    }
                    open.push((value, place));
                }
            }
            _ => {}
        }
    }
    None
}

pub(super) fn invalid_regex(pattern: &str, place: &str) -> String {
    let why = regex::check(pattern).err().map(|e| e.to_string()).unwrap_or_default();
    format!("invalid regex {} at {}: {why}", double_quote(pattern), double_quote(place))
}

/// Why the schema itself is refused.
pub(super) fn compile_error(error: &CompileError) -> String {
    let quote = |s: &String| double_quote(s);
    match error {
        CompileError::ParseUrlError { url, src } => format!("error in parsing {}: {src}", quote(url)),
        CompileError::LoadUrlError { url, src } => format!("failing loading {}: {src}", quote(url)),
        CompileError::UnsupportedUrlScheme { url } => format!("no URLLoader registered for {}", quote(url)),
        CompileError::InvalidMetaSchemaUrl { url, src } => {
            format!("invalid $schema in {}: {src}", quote(url))
        }
        CompileError::UnsupportedDraft { url } => format!("draft {} is not supported", quote(url)),
        CompileError::MetaSchemaCycle { url } => format!("cycle in resolving $schema in {}", quote(url)),
        CompileError::ValidationError { url, src } => {
            let schema = match &src.kind {
                ErrorKind::Schema { url } => kind(&ErrorKind::Schema { url }, &src.instance_location),
                _ => String::new(),
            };
            format!("{} is not valid against metaschema: {schema}\n{}", quote(url), validation_error(src))
        }
        CompileError::ParseIdError { loc } => format!("error in parsing id at {}", quote(loc)),
        CompileError::ParseAnchorError { loc } => format!("error in parsing anchor at {}", quote(loc)),
        CompileError::DuplicateId { url, id, ptr1, ptr2 } => {
            format!("duplicate id {} in {} at {} and {}", quote(id), quote(url), quote(ptr1), quote(ptr2))
        }
        CompileError::DuplicateAnchor { anchor, url, ptr1, ptr2 } => format!(
            "duplicate anchor {} in {} at {} and {}",
            quote(anchor),
            quote(url),
            quote(ptr1),
            quote(ptr2)
        ),
        CompileError::InvalidJsonPointer(place) => format!("invalid json-pointer {}", quote(place)),
        CompileError::JsonPointerNotFound(place) => format!("json-pointer in {} not found", quote(place)),
        CompileError::AnchorNotFound { url, reference } => {
            format!("anchor in {} not found in schema {}", quote(reference), quote(url))
        }
        CompileError::UnsupportedVocabulary { url, vocabulary } => {
            format!("unsupported vocabulary {} in {}", quote(vocabulary), quote(url))
        }
        CompileError::InvalidRegex { url, regex, src } => {
            format!("invalid regex {} at {}: {src}", quote(regex), quote(url))
        }
        CompileError::Bug(src) => src.to_string(),
    }
}
