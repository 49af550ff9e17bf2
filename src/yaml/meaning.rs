//! What the scalars of a document mean: with their tags, as keys, as text.

use crate::value::Str;

use super::base64;
use super::node::{Node, NodeKind};
use super::resolve::{Scalar, resolve};

/// The type of a scalar whose tag, if it has one, is known to fit.
pub(super) fn typed(node: &Node<'_>, text: &[u8]) -> Scalar {
    let NodeKind::Scalar { implicit, .. } = &node.kind else { return Scalar::Str };
    match &node.tag {
        None if *implicit => resolve(text),
        None => Scalar::Str,
        Some(tag) => match tag.strip_prefix(b"tag:yaml.org,2002:").unwrap_or_default() {
            b"float" => match resolve(text) {
                Scalar::Int(i) => Scalar::Float(i as f64),
                other => other,
            },
            b"bool" | b"int" | b"null" => resolve(text),
            _ => Scalar::Str,
        },
    }
}

/// The text of a key that is a string, a number or a boolean.
pub(super) fn key_text(node: &Node<'_>) -> Option<Str> {
    let NodeKind::Scalar { value, .. } = &node.kind else { return None };
    if node.tag.as_deref() == Some(b"tag:yaml.org,2002:binary") {
        return binary_text(value);
    }
    scalar_key(typed(node, value), value)
}

/// The text of a `!!binary` scalar, where JSON replaces what is no UTF-8. `None` if it isn't base64.
pub(super) fn binary_text(text: &[u8]) -> Option<Str> {
    Some(Str::from(Str::from_bytes(base64::decode(text)?).to_text()))
}

/// What sigs makes of a key of this type.
pub(super) fn scalar_key(scalar: Scalar, text: &[u8]) -> Option<Str> {
    match scalar {
        Scalar::Str => Some(Str::from_bytes(text)),
        Scalar::Bool(b) => Some(Str::from_static(if b { "true" } else { "false" })),
        Scalar::Int(i) => Some(i.to_string().into()),
        Scalar::Float(f) => Some(float_key(f).into()),
        Scalar::Null | Scalar::Uint(_) => None,
    }
}

pub(super) fn is_merge(node: &Node<'_>) -> bool {
    let NodeKind::Scalar { value, implicit } = &node.kind else { return false };
    **value == *b"<<" && (*implicit || node.tag.as_deref() == Some(b"tag:yaml.org,2002:merge"))
}

/// A float as sigs writes it as a key.
fn float_key(f: f64) -> String {
    match float_text(f).as_str() {
        "+Inf" => ".inf".into(),
        "-Inf" => "-.inf".into(),
        "NaN" => ".nan".into(),
        text => text.into(),
    }
}

/// `FormatFloat(f, 'g', -1, 32)`
pub(super) fn float_text(f: f64) -> String {
    let narrow = f as f32;
    if !narrow.is_finite() {
        return crate::value::number::format_g(f64::from(narrow));
    }
    // The shortest digits of the narrow float, read as a wide one, are still the shortest of that.
    let wide = zmij::Buffer::new().format_finite(narrow).parse().unwrap_or(f);
    crate::value::number::format_g(wide)
}
