//! Values as Go's `%#v` prints them, which go-yaml and sigs do in messages about keys.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::base64;
use super::meaning::{is_merge, typed};
use super::node::{Document, Id, Node, NodeKind};
use super::resolve::Scalar;
use crate::value::print::quote;

/// Deeper values are cut; they may even contain themselves.
const MAX_DEPTH: usize = 100;

/// A value that stands alone.
pub(super) fn value(document: &Document<'_>, id: Id) -> String {
    document.get(id).map_or_else(|| "<nil>".into(), |n| node(document, n))
}

/// A value that stands alone.
pub(super) fn node(document: &Document<'_>, node: &Node<'_>) -> String {
    let mut out = String::new();
    print(document, node, 0, &mut out);
    if out == "interface {}(nil)" { "<nil>".into() } else { out }
}

/// A scalar key.
pub(super) fn scalar(scalar: Scalar) -> String {
    match scalar {
        Scalar::Null => "<nil>".into(),
        Scalar::Bool(b) => b.to_string(),
        Scalar::Int(i) => i.to_string(),
        Scalar::Uint(u) => format!("{u:#x}"),
        Scalar::Float(f) => crate::value::number::format_g(f),
        Scalar::Str => String::new(),
    }
}

fn print(document: &Document<'_>, node: &Node<'_>, depth: usize, out: &mut String) {
    if depth > MAX_DEPTH {
        out.push_str("...");
        return;
    }
    match &node.kind {
        NodeKind::Scalar { value, .. } => match typed(node, value) {
            Scalar::Str if node.tag.as_deref() == Some(b"tag:yaml.org,2002:binary") => {
                out.push_str(&quote(&base64::decode(value).unwrap_or_default()));
            }
            Scalar::Str => out.push_str(&quote(value)),
            Scalar::Null => out.push_str("interface {}(nil)"),
            other => out.push_str(&scalar(other)),
        },
        NodeKind::Alias { target, .. } => match document.get(*target) {
            Some(target) => print(document, target, depth + 1, out),
            None => out.push_str("interface {}(nil)"),
        },
        NodeKind::Sequence => {
            out.push_str("[]interface {}{");
            for (i, child) in children(document, node).into_iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                print(document, child, depth + 1, out);
            }
            out.push('}');
        }
        NodeKind::Mapping => {
            let mut entries = BTreeMap::new();
            let children = children(document, node);
            for pair in children.chunks(2) {
                if let [key, value] = pair
                    && !is_merge(key)
                {
                    let mut printed = String::new();
                    print(document, key, depth + 1, &mut printed);
                    entries.insert(order(key, &printed), (printed, value));
                }
            }
            out.push_str("map[interface {}]interface {}{");
            for (i, (key, value)) in entries.into_values().enumerate() {
                let _ = write!(out, "{}{key}:", if i > 0 { ", " } else { "" });
                print(document, value, depth + 1, out);
            }
            out.push('}');
        }
    }
}

/// What keys are ordered by: strings come first, by their bytes. (Go orders types by their addresses.)
fn order(key: &Node<'_>, printed: &str) -> (bool, Vec<u8>) {
    match &key.kind {
        NodeKind::Scalar { value, .. } if typed(key, value) == Scalar::Str => (false, value.to_vec()),
        _ => (true, printed.as_bytes().to_vec()),
    }
}

/// The children of a collection.
fn children<'d, 'a>(document: &'d Document<'a>, node: &Node<'a>) -> Vec<&'d Node<'a>> {
    let mut found = Vec::new();
    let mut next = node.first;
    while next < node.end
        && let Some(child) = document.get(next)
    {
        found.push(child);
        next = child.end;
    }
    found
}
