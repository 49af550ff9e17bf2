//! Base64 and base32 as Go's `encoding/base64` and `encoding/base32` read and write them.

use super::Type::String as Text;
use super::{Env, Function, FunctionResult, args};
use crate::value::{Str, Value};

/// The family's functions.
pub const FUNCTIONS: &[Function] = &[
    Function::new("b64enc", &[Text], Text, base64_encode),
    Function::new("b64dec", &[Text], Text, base64_decode),
    Function::new("b32enc", &[Text], Text, base32_encode),
    Function::new("b32dec", &[Text], Text, base32_decode),
];

/// The longest text that isn't made and whose encoding is put off: a key, or a certificate without many names.
const MOST_LATE: usize = 2_000;

fn base64_encode(env: &Env, args: &[Value]) -> FunctionResult {
    let s = args::string(args, 0)?;
    let size = s.weight().saturating_add(s.weight() / 3 + 4);
    env.check_size("b64enc", size)?;
    // What was put off once is not put off again: a chain of such strings could be of any length.
    if s.is_waiting() && s.weight() <= MOST_LATE {
        let s = s.clone();
        return Ok(Value::String(Str::late(size, move || data_encoding::BASE64.encode(s.as_bytes()).into())));
    }
    Ok(Value::string(data_encoding::BASE64.encode(s.as_bytes())))
}

fn base32_encode(env: &Env, args: &[Value]) -> FunctionResult {
    let s = args::string(args, 0)?;
    env.check_size("b32enc", s.len().saturating_mul(2).saturating_add(8))?;
    Ok(Value::string(data_encoding::BASE32.encode(s.as_bytes())))
}

/// What isn't base64 comes back as the error's text.
fn base64_decode(_: &Env, args: &[Value]) -> FunctionResult {
    let s = args::string(args, 0)?;
    Ok(match decode_base64(s.as_bytes()) {
        Ok(bytes) => Value::string(bytes),
        Err(at) => Value::string(format!("illegal base64 data at input byte {at}")),
    })
}

/// What isn't base32 comes back as the error's text.
fn base32_decode(_: &Env, args: &[Value]) -> FunctionResult {
    let s = args::string(args, 0)?;
    Ok(match decode_base32(s.as_bytes()) {
        Ok(bytes) => Value::string(bytes),
        Err(at) => Value::string(format!("illegal base32 data at input byte {at}")),
    })
}

fn base64_digit(b: u8) -> Option<u32> {
    let digit = match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(digit))
}

/// `StdEncoding.DecodeString`: line breaks are skipped, stray bits in the last digit ignored; an error is
/// the offset that Go reports.
pub(crate) fn decode_base64(input: &[u8]) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(input.len() / 4 * 3 + 3);
    let mut at = 0;
    while at < input.len() {
        let mut quantum = 0;
        let mut digits = 0;
        while digits < 4 {
            let Some(&b) = input.get(at) else {
                return if digits == 0 { Ok(out) } else { Err(at - digits) };
            };
            at += 1;
            if let Some(digit) = base64_digit(b) {
                quantum = quantum << 6 | digit;
                digits += 1;
            } else if b == b'=' {
                let end = base64_padding(input, at, digits)?;
                let bytes = (quantum << (6 * (4 - digits))).to_be_bytes();
                out.extend_from_slice(bytes.get(1..digits).unwrap_or_default());
                return if end < input.len() { Err(end) } else { Ok(out) };
            } else if !matches!(b, b'\n' | b'\r') {
                return Err(at - 1);
            }
        }
        let [_, a, b, c] = quantum.to_be_bytes();
        out.extend_from_slice(&[a, b, c]);
    }
    Ok(out)
}

/// Where the padding ends whose first `=` is before `at`.
fn base64_padding(input: &[u8], at: usize, digits: usize) -> Result<usize, usize> {
    let breaks = |mut at: usize| {
        while matches!(input.get(at), Some(b'\n' | b'\r')) {
            at += 1;
        }
        at
    };
    match digits {
        0 | 1 => Err(at - 1),
        2 => {
            let second = breaks(at);
            match input.get(second) {
                None => Err(input.len()),
                Some(b'=') => Ok(breaks(second + 1)),
                Some(_) => Err(second - 1),
            }
        }
        _ => Ok(breaks(at)),
    }
}

/// `StdEncoding.DecodeString` of base32: line breaks are skipped and not counted in the error's offset.
fn decode_base32(input: &[u8]) -> Result<Vec<u8>, usize> {
    let input: Vec<u8> = input.iter().copied().filter(|b| !matches!(b, b'\n' | b'\r')).collect();
    let length = input.len();
    let mut out = Vec::with_capacity(length / 8 * 5 + 5);
    let mut at = 0;
    while at < length {
        let mut quantum: u64 = 0;
        let mut digits = 0;
        let mut end = false;
        while digits < 8 {
            let Some(&b) = input.get(at) else { return Err(length - digits) };
            at += 1;
            let left = length - at;
            if b == b'=' && digits >= 2 && left < 8 {
                if left + digits < 7 {
                    return Err(length);
                }
                let padding = input.get(at..).unwrap_or_default().iter().take(7 - digits);
                if let Some(k) = padding.copied().position(|b| b != b'=') {
                    return Err((at + k).saturating_sub(1));
                }
                if matches!(digits, 3 | 6) {
                    return Err(at - 1);
                }
                end = true;
                break;
            }
            let digit = match b {
                b'A'..=b'Z' => b - b'A',
                b'2'..=b'7' => b - b'2' + 26,
                _ => return Err(at - 1),
            };
            quantum = quantum << 5 | u64::from(digit);
            digits += 1;
        }
        let bytes = (quantum << (5 * (8 - digits))).to_be_bytes();
        out.extend_from_slice(bytes.get(3..3 + digits * 5 / 8).unwrap_or_default());
        if end {
            break;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_errors_point_where_go_points() {
        for (input, want) in [
            ("YQ==", Ok("a")),
            ("YW\nI=\n", Ok("ab")),
            ("YWJj", Ok("abc")),
            ("YR==", Ok("a")),
            ("", Ok("")),
            ("YQ", Err(0)),
            ("YWJjYQ", Err(4)),
            ("YQ=", Err(3)),
            ("Y", Err(0)),
            ("====", Err(0)),
            ("Y===", Err(1)),
            ("YQ=x", Err(2)),
            ("YQ==YQ==", Err(4)),
            ("a-b_", Err(1)),
            ("YWI=c", Err(4)),
        ] {
            assert_eq!(decode_base64(input.as_bytes()), want.map(|s| s.as_bytes().to_vec()), "{input}");
        }
    }

    #[test]
    fn base32_errors_point_where_go_points() {
        for (input, want) in [
            ("ME======", Ok("a")),
            ("MFRA====", Ok("ab")),
            ("MFRGG===", Ok("abc")),
            ("MFRGGZA=", Ok("abcd")),
            ("MFRGGZDF", Ok("abcde")),
            ("ME", Err(0)),
            ("ME==", Err(4)),
            ("me======", Err(0)),
            ("MFR=====", Err(3)),
            ("M1======", Err(1)),
        ] {
            assert_eq!(decode_base32(input.as_bytes()), want.map(|s| s.as_bytes().to_vec()), "{input}");
        }
    }
}
