//! Slash-separated paths, as Go's `path`; `path/filepath` is the same on Unix.

use super::Type::{Bool, String as Text};
use super::{Env, Function, FunctionResult, args};
use crate::value::{Str, Value};

/// The family's functions.
pub const FUNCTIONS: &[Function] = &[
    BASE,
    BASE.alias("osBase"),
    DIR,
    DIR.alias("osDir"),
    CLEAN,
    CLEAN.alias("osClean"),
    EXT,
    EXT.alias("osExt"),
    IS_ABS,
    IS_ABS.alias("osIsAbs"),
];

const BASE: Function = Function::new("base", &[Text], Text, base);
const DIR: Function = Function::new("dir", &[Text], Text, dir);
const CLEAN: Function = Function::new("clean", &[Text], Text, clean_call);
const EXT: Function = Function::new("ext", &[Text], Text, ext);
const IS_ABS: Function = Function::new("isAbs", &[Text], Bool, is_abs);

fn base(_: &Env, args: &[Value]) -> FunctionResult {
    let path = args::string(args, 0)?;
    if path.is_empty() {
        return Ok(Value::String(Str::from_static(".")));
    }
    let bytes = path.as_bytes();
    let end = bytes.iter().rposition(|&b| b != b'/').map_or(0, |i| i + 1);
    if end == 0 {
        return Ok(Value::String(Str::from_static("/")));
    }
    let bytes = bytes.get(..end).unwrap_or_default();
    Ok(Value::string(after_last_slash(bytes)))
}

fn dir(_: &Env, args: &[Value]) -> FunctionResult {
    let bytes = args::string(args, 0)?.as_bytes();
    let name = after_last_slash(bytes);
    Ok(Value::string(clean(bytes.get(..bytes.len() - name.len()).unwrap_or_default())))
}

fn ext(_: &Env, args: &[Value]) -> FunctionResult {
    let name = after_last_slash(args::string(args, 0)?.as_bytes());
    let dot = memchr::memrchr(b'.', name).unwrap_or(name.len());
    Ok(Value::string(name.get(dot..).unwrap_or_default()))
}

fn is_abs(_: &Env, args: &[Value]) -> FunctionResult {
    Ok(Value::Bool(args::string(args, 0)?.as_bytes().starts_with(b"/")))
}

fn clean_call(_: &Env, args: &[Value]) -> FunctionResult {
    Ok(Value::string(clean(args::string(args, 0)?.as_bytes())))
}

fn after_last_slash(path: &[u8]) -> &[u8] {
    let start = memchr::memrchr(b'/', path).map_or(0, |i| i + 1);
    path.get(start..).unwrap_or_default()
}

/// `path.Clean`: the shortest path to the same place.
pub(crate) fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match parts.last() {
                Some(&last) if last != b".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    let joined = parts.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", joined.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(f: fn(&Env, &[Value]) -> FunctionResult, path: &str) -> String {
        f(&Env::default(), &[Value::from(path)])
            .ok()
            .and_then(|v| v.as_str().map(str::to_string))
            .unwrap_or_default()
    }

    #[test]
    fn paths_are_go_s() {
        for (path, base_want, dir_want, ext_want, clean_want) in [
            ("", ".", ".", "", "."),
            ("/", "/", "/", "", "/"),
            ("//", "/", "/", "", "/"),
            ("a/b.c", "b.c", "a", ".c", "a/b.c"),
            ("a/b/", "b", "a/b", "", "a/b"),
            ("/a/../../b.tar.gz", "b.tar.gz", "/", ".gz", "/b.tar.gz"),
            ("../a/./..", "..", "../a", ".", ".."),
            ("a.b/c", "c", "a.b", "", "a.b/c"),
            ("..", "..", ".", ".", ".."),
        ] {
            assert_eq!(call(base, path), base_want, "base {path}");
            assert_eq!(call(dir, path), dir_want, "dir {path}");
            assert_eq!(call(ext, path), ext_want, "ext {path}");
            assert_eq!(call(clean_call, path), clean_want, "clean {path}");
        }
    }
}
