//! Base64 as Go's `base64.StdEncoding` reads and writes it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes with padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let symbol = ALPHABET.get((bits >> (18 - 6 * i) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if i > group.len() { '=' } else { char::from(symbol) });
        }
    }
    out
}

/// Encodes as go-yaml does for `!!binary`: lines of 70 symbols, each ended, if it is more than one.
pub(super) fn encode_lines(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let encoded = encode(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let mut out = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out
}

/// Decodes padded base64; line breaks are skipped, and the bits behind the last byte need not be zero.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let symbols: Vec<u8> = text.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    if !symbols.len().is_multiple_of(4) {
        return None;
    }
    let padding = symbols.iter().rev().take(2).take_while(|b| **b == b'=').count();
    let (symbols, _) = symbols.split_at_checked(symbols.len() - padding)?;
    let mut out = Vec::with_capacity(symbols.len() * 3 / 4);
    for group in symbols.chunks(4) {
        let mut bits = 0u32;
        for i in 0..4 {
            bits = bits << 6 | group.get(i).map_or(Some(0), |b| sextet(*b))?;
        }
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend_from_slice(bytes.get(..group.len() - 1)?);
    }
    Some(out)
}

fn sextet(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn padding_is_required_and_only_at_the_end() {
        assert_eq!(decode(b"aGk="), Some(b"hi".to_vec()));
        assert_eq!(decode(b"aG\nk=\n"), Some(b"hi".to_vec()));
        assert_eq!(decode(b"aGl="), Some(b"hi".to_vec()));
        assert_eq!(decode(b""), Some(vec![]));
        for bad in ["aGk", "a===", "aGk=aGk=", "aG k=", "====", "aG=k"] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
    }
}
