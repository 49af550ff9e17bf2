//! Printing into quotes: `quote`, `squote`, `cat`.

use super::FunctionResult;
use crate::functions::Env;
use crate::functions::convert::{sprint, strval};
use crate::value::{Value, print};

pub(super) fn quote(env: &Env, args: &[Value]) -> FunctionResult {
    let mut out = Vec::new();
    for value in args.iter().filter(|v| !matches!(v, Value::Null)) {
        let text = strval(env, value)?;
        if !out.is_empty() {
            out.push(b' ');
        }
        let bytes = text.as_bytes();
        out.reserve(bytes.len() + 2);
        // Most strings need nothing but the quotes.
        if bytes.iter().all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\')) {
            out.push(b'"');
            out.extend_from_slice(bytes);
            out.push(b'"');
        } else {
            out.extend_from_slice(print::quote(bytes).as_bytes());
        }
        env.check_size("quote", out.len())?;
    }
    Ok(Value::String(out.into()))
}

pub(super) fn squote(env: &Env, args: &[Value]) -> FunctionResult {
    let mut out = Vec::new();
    for value in args.iter().filter(|v| !matches!(v, Value::Null)) {
        let text = sprint(env, value)?;
        if !out.is_empty() {
            out.push(b' ');
        }
        out.push(b'\'');
        out.extend_from_slice(text.as_bytes());
        out.push(b'\'');
        env.check_size("squote", out.len())?;
    }
    Ok(Value::String(out.into()))
}

pub(super) fn cat(env: &Env, args: &[Value]) -> FunctionResult {
    let mut out = Vec::new();
    for (i, value) in args.iter().filter(|v| !matches!(v, Value::Null)).enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(sprint(env, value)?.as_bytes());
        env.check_size("cat", out.len())?;
    }
    Ok(Value::String(out.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nil_is_left_out_and_the_rest_is_printed_into_quotes() {
        let env = Env::default();
        let args = [Value::from("a\"b"), Value::Null, Value::int(1), Value::Float(1e6), Value::from("plain")];
        assert_eq!(quote(&env, &args).unwrap_or_default().as_str(), Some(r#""a\"b" "1" "1e+06" "plain""#));
        assert_eq!(squote(&env, &args).unwrap_or_default().as_str(), Some("'a\"b' '1' '1e+06' 'plain'"));
        assert_eq!(cat(&env, &args).unwrap_or_default().as_str(), Some("a\"b 1 1e+06 plain"));
        assert_eq!(quote(&env, &[]).unwrap_or_default().as_str(), Some(""));
    }
}
