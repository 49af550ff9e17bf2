//! Base64 as Go's `base64.StdEncoding` reads it.

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
