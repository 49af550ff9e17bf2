//! Regular expressions as Go's `regexp` has them (Sprig `regex.go`): Go's syntax, read by our own parser, run by
//! `regex-automata`, which finds the same leftmost-first matches in linear time.

mod class;
mod engines;
mod matcher;
mod parse;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

pub use self::matcher::{Regex, RegexError};
pub use self::parse::SyntaxError;

use super::{Env, Function, FunctionError, FunctionResult, Type, args};
use crate::value::{Kind, NilType, Str, Value};

const PATTERN_TEXT: &[Type] = &[Type::String, Type::String];
const PATTERN_TEXT_COUNT: &[Type] = &[Type::String, Type::String, Type::Int];
const THREE_STRINGS: &[Type] = &[Type::String, Type::String, Type::String];

/// The functions whose names start with `regex` and `mustRegex`.
pub const FUNCTIONS: &[Function] = &[
    Function::new("regexMatch", PATTERN_TEXT, Type::Bool, |env, given| {
        let regex = match env.regexes.get(env, args::string(given, 0)?)? {
            Err(RegexError::Syntax(_)) => return Ok(Value::Bool(false)),
            other => other?,
        };
        is_match(env, regex, given)
    }),
    Function::new("mustRegexMatch", PATTERN_TEXT, Type::Bool, |env, given| {
        is_match(env, must_compile(env, given)?, given)
    }),
    Function::new("regexFind", PATTERN_TEXT, Type::String, |env, given| {
        find(env, compile(env, given)?, given)
    }),
    Function::new("mustRegexFind", PATTERN_TEXT, Type::String, |env, given| {
        find(env, must_compile(env, given)?, given)
    }),
    Function::new("regexFindAll", PATTERN_TEXT_COUNT, Type::Strings, |env, given| {
        find_all(env, compile(env, given)?, given)
    }),
    Function::new("mustRegexFindAll", PATTERN_TEXT_COUNT, Type::Strings, |env, given| {
        find_all(env, must_compile(env, given)?, given)
    }),
    Function::new("regexReplaceAll", THREE_STRINGS, Type::String, |env, given| {
        replace(env, compile(env, given)?, given, false)
    }),
    Function::new("mustRegexReplaceAll", THREE_STRINGS, Type::String, |env, given| {
        replace(env, must_compile(env, given)?, given, false)
    }),
    Function::new("regexReplaceAllLiteral", THREE_STRINGS, Type::String, |env, given| {
        replace(env, compile(env, given)?, given, true)
    }),
    Function::new("mustRegexReplaceAllLiteral", THREE_STRINGS, Type::String, |env, given| {
        replace(env, must_compile(env, given)?, given, true)
    }),
    Function::new("regexSplit", PATTERN_TEXT_COUNT, Type::Strings, |env, given| {
        split(env, compile(env, given)?, given)
    }),
    Function::new("mustRegexSplit", PATTERN_TEXT_COUNT, Type::Strings, |env, given| {
        split(env, must_compile(env, given)?, given)
    }),
    Function::new("regexQuoteMeta", &[Type::String], Type::String, |_, given| {
        let text = args::string(given, 0)?;
        let mut quoted = Vec::with_capacity(text.len() + 8);
        for &byte in text.as_bytes() {
            if br"\.+*?()|[]{}^$".contains(&byte) {
                quoted.push(b'\\');
            }
            quoted.push(byte);
        }
        Ok(Value::string(quoted))
    }),
];

/// Checks that Go takes an expression, without compiling it.
///
/// # Errors
/// If it is malformed, in Go's words.
pub fn check(pattern: &str) -> Result<(), SyntaxError> {
    parse::parse(pattern).map(drop)
}

/// Compiled expressions, by their text.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Compiled>);

#[derive(Debug, Default)]
struct Compiled {
    regexes: HashMap<Str, Arc<Regex>>,
    bytes: usize,
}

/// How much the expressions of a render may hold before they are forgotten and compiled anew.
const CACHE_BYTES: usize = 64 << 20;

impl Cache {
    /// The compiled expression, or why there is none; the outer error is that of a limit.
    fn get(&self, env: &Env, pattern: &Str) -> Result<Result<Arc<Regex>, RegexError>, FunctionError> {
        let mut compiled = self.0.lock();
        if let Some(regex) = compiled.regexes.get(pattern.as_bytes()) {
            return Ok(Ok(Arc::clone(regex)));
        }
        // Before it is read: one that is malformed is read anew each time.
        env.step("compiling regular expressions", matcher::reading_steps(pattern.len()))?;
        let regex = match Regex::new(pattern.as_bytes(), env.limits.regex_bytes) {
            Ok(regex) => Arc::new(regex),
            Err(error) => return Ok(Err(error)),
        };
        env.step("compiling regular expressions", regex.steps())?;
        let bytes = regex.memory() + pattern.len();
        if compiled.bytes + bytes > CACHE_BYTES {
            *compiled = Compiled::default();
        }
        compiled.bytes += bytes;
        compiled.regexes.insert(pattern.clone(), Arc::clone(&regex));
        Ok(Ok(regex))
    }
}

impl From<RegexError> for FunctionError {
    fn from(error: RegexError) -> FunctionError {
        FunctionError::new(error.to_string())
    }
}

/// The expression for a `mustRegex` function, which returns Go's error.
fn must_compile(env: &Env, given: &[Value]) -> Result<Arc<Regex>, FunctionError> {
    Ok(env.regexes.get(env, args::string(given, 0)?)??)
}

/// The expression for a `regex` function, which panics by `regexp.MustCompile`.
fn compile(env: &Env, given: &[Value]) -> Result<Arc<Regex>, FunctionError> {
    let pattern = args::string(given, 0)?;
    env.regexes.get(env, pattern)?.map_err(|error| match error {
        RegexError::Syntax(e) => {
            FunctionError::new(format!("regexp: Compile({}): {e}", matcher::quote(pattern)))
        }
        other => other.into(),
    })
}

fn is_match(env: &Env, regex: Arc<Regex>, given: &[Value]) -> FunctionResult {
    let text = args::string(given, 1)?;
    regex.count(env, text)?;
    Ok(Value::Bool(regex.is_match(text)))
}

fn find(env: &Env, regex: Arc<Regex>, given: &[Value]) -> FunctionResult {
    let text = args::string(given, 1)?;
    regex.count(env, text)?;
    Ok(regex.find(text).map_or(Value::String(Str::EMPTY), |range| Value::String(part(text, range))))
}

fn part(text: &Str, range: std::ops::Range<usize>) -> Str {
    Str::from_bytes(text.as_bytes().get(range).unwrap_or_default())
}

fn find_all(env: &Env, regex: Arc<Regex>, given: &[Value]) -> FunctionResult {
    let text = args::string(given, 1)?;
    let ranges = regex.find_all(env, text, args::int(given, 2)?)?;
    if ranges.is_empty() {
        static NIL: NilType = NilType { name: "[]string", kind: Kind::Slice };
        return Ok(Value::TypedNil(&NIL));
    }
    Ok(Value::strings(ranges.into_iter().map(|range| part(text, range))))
}

fn replace(env: &Env, regex: Arc<Regex>, given: &[Value], literal: bool) -> FunctionResult {
    let (text, template) = (args::string(given, 1)?, args::string(given, 2)?);
    Ok(Value::string(regex.replace_all(env, text, template, literal)?))
}

/// Go's `Regexp.Split`.
fn split(env: &Env, regex: Arc<Regex>, given: &[Value]) -> FunctionResult {
    let (text, limit) = (args::string(given, 1)?, args::int(given, 2)?);
    if limit == 0 {
        static NIL: NilType = NilType { name: "[]string", kind: Kind::Slice };
        return Ok(Value::TypedNil(&NIL));
    }
    if text.is_empty() && !args::string(given, 0)?.is_empty() {
        return Ok(Value::strings([Str::EMPTY]));
    }
    let mut parts = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for range in regex.find_all(env, text, limit)? {
        if limit > 0 && parts.len() as i64 == limit - 1 {
            break;
        }
        end = range.start;
        if range.end != 0 {
            parts.push(part(text, begin..end));
        }
        begin = range.end;
    }
    if end != text.len() {
        parts.push(part(text, begin..text.len()));
    }
    Ok(Value::strings(parts))
}

#[cfg(test)]
mod tests;
