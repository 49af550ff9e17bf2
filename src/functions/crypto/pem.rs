//! PEM as Go's `encoding/pem` writes and reads it.

use crate::functions::encoding::decode_base64;

/// A block of a PEM text.
pub(super) struct Block {
    /// What stands behind `BEGIN`.
    pub kind: String,
    /// The contents.
    pub bytes: Vec<u8>,
}

/// Writes a block: lines of 64 characters.
pub(super) fn encode(kind: &str, bytes: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(bytes);
    let mut text = format!("-----BEGIN {kind}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {kind}-----\n"));
    text
}

/// The first well-formed block of a text; what stands around it doesn't matter.
pub(super) fn decode(text: &[u8]) -> Option<Block> {
    let text = String::from_utf8_lossy(text);
    let mut rest = text.as_ref();
    loop {
        let at = match rest.strip_prefix("-----BEGIN ") {
            Some(_) => 0,
            None => rest.find("\n-----BEGIN ")? + 1,
        };
        rest = rest.get(at..)?.strip_prefix("-----BEGIN ")?;
        if let Some(block) = block(rest) {
            return Some(block);
        }
    }
}

/// Reads a block from its kind on.
fn block(text: &str) -> Option<Block> {
    let (head, body) = text.split_once('\n')?;
    let kind = head.trim_end_matches([' ', '\t', '\r']).strip_suffix("-----")?;
    let end = format!("\n-----END {kind}-----");
    // The contents may be empty.
    let body = match body.strip_prefix(end.trim_start()) {
        Some(_) => "",
        None => body.split_once(&end)?.0,
    };
    let mut base64 = String::with_capacity(body.len());
    let mut headers = true;
    for line in body.lines() {
        // Headers (`Proc-Type: 4,ENCRYPTED`) come first; Sprig has no use for them.
        headers &= line.contains(':') || line.trim().is_empty();
        if !headers {
            base64.extend(line.chars().filter(|c| !c.is_ascii_whitespace()));
        }
    }
    Some(Block { kind: kind.to_string(), bytes: decode_base64(base64.as_bytes()).ok()? })
}
