//! Lists: Sprig's functions over Go slices of any type.

mod range;

use super::Type::{Any, Bool, Int, List as Items, String as Text};
use super::{Env, Function, FunctionError, FunctionResult, Type, args, convert, logic, walk};
use crate::value::{Elem, Kind, List, NilType, Value};

/// The family's functions.
pub const FUNCTIONS: &[Function] = &[
    LIST,
    LIST.alias("tuple"),
    PUSH,
    PUSH.alias("push"),
    PUSH.alias("mustAppend"),
    PUSH.alias("mustPush"),
    PREPEND,
    PREPEND.alias("mustPrepend"),
    FIRST,
    FIRST.alias("mustFirst"),
    LAST,
    LAST.alias("mustLast"),
    REST,
    REST.alias("mustRest"),
    INITIAL,
    INITIAL.alias("mustInitial"),
    REVERSE,
    REVERSE.alias("mustReverse"),
    UNIQ,
    UNIQ.alias("mustUniq"),
    COMPACT,
    COMPACT.alias("mustCompact"),
    WITHOUT,
    WITHOUT.alias("mustWithout"),
    HAS,
    HAS.alias("mustHas"),
    SLICE,
    SLICE.alias("mustSlice"),
    CHUNK,
    CHUNK.alias("mustChunk"),
    Function::new("concat", &[], Any, concat).variadic(Any).collection_first(),
    Function::new("until", &[Int], Type::Other("[]int"), range::until),
    Function::new("untilStep", &[Int, Int, Int], Type::Other("[]int"), range::until_step),
    Function::new("seq", &[], Text, range::seq).variadic(Int),
];

const LIST: Function =
    Function::new("list", &[], Items, |_, args| Ok(Value::list(args.to_vec()))).variadic(Any);
const PUSH: Function = Function::new("append", &[Any, Any], Items, push).collection_first();
const PREPEND: Function = Function::new("prepend", &[Any, Any], Items, prepend).collection_first();
const FIRST: Function = Function::new("first", &[Any], Any, first);
const LAST: Function = Function::new("last", &[Any], Any, last);
const REST: Function = Function::new("rest", &[Any], Items, rest);
const INITIAL: Function = Function::new("initial", &[Any], Items, initial);
const REVERSE: Function = Function::new("reverse", &[Any], Items, reverse);
const UNIQ: Function = Function::new("uniq", &[Any], Items, uniq);
const COMPACT: Function = Function::new("compact", &[Any], Items, compact);
const WITHOUT: Function = Function::new("without", &[Any], Items, without).variadic(Any).collection_first();
const HAS: Function = Function::new("has", &[Any, Any], Bool, has);
const SLICE: Function = Function::new("slice", &[Any], Any, slice).variadic(Any).collection_first();
const CHUNK: Function = Function::new("chunk", &[Int, Any], Type::Other("[][]interface {}"), chunk);

/// A slice that was declared and never filled: `null` in JSON, `[]` in print.
pub(crate) static NIL_LIST: NilType = NilType { name: "[]interface {}", kind: Kind::Slice };

/// The list of an argument, or Sprig's error: `wrong` followed by Go's name of the kind.
fn list_of(value: &Value, wrong: &str) -> Result<List, FunctionError> {
    match args::slice(value) {
        Some(list) => Ok(list),
        None if matches!(value, Value::Null) => Err(args::nil_dereference()),
        None => Err(FunctionError::new(format!("{wrong} {}", value.kind().name()))),
    }
}

/// Counts a new list before it is made.
fn check_items(env: &Env, function: &str, items: usize) -> Result<(), FunctionError> {
    env.check_size(function, items.saturating_mul(size_of::<Value>()))
}

fn push(env: &Env, args: &[Value]) -> FunctionResult {
    let list = list_of(args::any(args, 0), "Cannot push on type")?;
    let list = list.read();
    check_items(env, "append", list.len() + 1)?;
    let mut items = Vec::with_capacity(list.len() + 1);
    items.extend_from_slice(&list);
    items.push(args::any(args, 1).clone());
    Ok(Value::list(items))
}

fn prepend(env: &Env, args: &[Value]) -> FunctionResult {
    let list = list_of(args::any(args, 0), "Cannot prepend on type")?;
    let list = list.read();
    check_items(env, "prepend", list.len() + 1)?;
    let mut items = Vec::with_capacity(list.len() + 1);
    items.push(args::any(args, 1).clone());
    items.extend_from_slice(&list);
    Ok(Value::list(items))
}

fn first(_: &Env, args: &[Value]) -> FunctionResult {
    let list = list_of(args::any(args, 0), "Cannot find first on type")?;
    Ok(list.get(0).unwrap_or_default())
}

fn last(_: &Env, args: &[Value]) -> FunctionResult {
    let list = list_of(args::any(args, 0), "Cannot find last on type")?;
    Ok(list.read().last().cloned().unwrap_or_default())
}

fn rest(env: &Env, args: &[Value]) -> FunctionResult {
    let list = list_of(args::any(args, 0), "Cannot find rest on type")?;
    let list = list.read();
    check_items(env, "rest", list.len())?;
    Ok(list.get(1..).map_or(Value::TypedNil(&NIL_LIST), |items| Value::list(items.to_vec())))
}

fn initial(env: &Env, args: &[Value]) -> FunctionResult {
    let list = list_of(args::any(args, 0), "Cannot find initial on type")?;
    let list = list.read();
    check_items(env, "initial", list.len())?;
    Ok(list.split_last().map_or(Value::TypedNil(&NIL_LIST), |(_, items)| Value::list(items.to_vec())))
}

fn reverse(env: &Env, args: &[Value]) -> FunctionResult {
    let list = list_of(args::any(args, 0), "Cannot find reverse on type")?;
    let mut items = list.items();
    check_items(env, "reverse", items.len())?;
    items.reverse();
    Ok(Value::list(items))
}

fn compact(env: &Env, args: &[Value]) -> FunctionResult {
    let list = list_of(args::any(args, 0), "Cannot compact on type")?;
    let list = list.read();
    check_items(env, "compact", list.len())?;
    Ok(Value::list(list.iter().filter(|v| !logic::empty(v)).cloned().collect()))
}

fn in_list(env: &Env, function: &str, list: &[Value], value: &Value) -> Result<bool, FunctionError> {
    for item in list {
        if walk::deep_equal(env, function, value, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn uniq(env: &Env, args: &[Value]) -> FunctionResult {
    let list = list_of(args::any(args, 0), "Cannot find uniq on type")?;
    let list = list.read();
    let mut kept: Vec<Value> = Vec::new();
    for item in list.iter() {
        if !in_list(env, "uniq", &kept, item)? {
            kept.push(item.clone());
        }
    }
    check_items(env, "uniq", kept.len())?;
    Ok(Value::list(kept))
}

fn without(env: &Env, args: &[Value]) -> FunctionResult {
    let list = list_of(args::any(args, 0), "Cannot find without on type")?;
    let omitted = args.get(1..).unwrap_or_default();
    let list = list.read();
    let mut kept = Vec::new();
    for item in list.iter() {
        if !in_list(env, "without", omitted, item)? {
            kept.push(item.clone());
        }
    }
    check_items(env, "without", kept.len())?;
    Ok(Value::list(kept))
}

fn has(env: &Env, args: &[Value]) -> FunctionResult {
    let haystack = args::any(args, 1);
    if matches!(haystack, Value::Null) {
        return Ok(Value::Bool(false));
    }
    let list = list_of(haystack, "Cannot find has on type")?;
    let list = list.read();
    in_list(env, "has", &list, args::any(args, 0)).map(Value::Bool)
}

/// A part of a list, of the list's own type; of an empty list, nil.
fn slice(env: &Env, args: &[Value]) -> FunctionResult {
    let value = args::any(args, 0);
    let list = list_of(value, "list should be type of slice or array but")?;
    let length = list.len();
    if length == 0 {
        return Ok(Value::Null);
    }
    let start = args.get(1).map_or(0, convert::to_int64);
    let end = args.get(2).map_or(length as i64, convert::to_int64);
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let items = list.read();
    let Some(part) = range.and_then(|(start, end)| items.get(start..end)) else {
        return Err(FunctionError::new("reflect.Value.Slice: slice index out of bounds"));
    };
    check_items(env, "slice", part.len())?;
    if let Value::Bytes(_) = value {
        let bytes: Vec<u8> = part.iter().map(|v| convert::to_int64(v) as u8).collect();
        return Ok(Value::Bytes(bytes.into()));
    }
    Ok(Value::List(List::new(list.elem(), part.to_vec())))
}

/// Of no items at all the result is nil.
fn concat(env: &Env, args: &[Value]) -> FunctionResult {
    let mut all: Vec<Value> = Vec::new();
    for value in args {
        let Some(list) = args::slice(value) else {
            return Err(match value {
                Value::Null => args::nil_dereference(),
                other => FunctionError::new(format!("Cannot concat type {} as list", other.kind().name())),
            });
        };
        let list = list.read();
        check_items(env, "concat", all.len().saturating_add(list.len()))?;
        all.extend_from_slice(&list);
    }
    Ok(if all.is_empty() { Value::TypedNil(&NIL_LIST) } else { Value::list(all) })
}

/// Lists of `size` items each, the last one of what is left. Sprig computes in floats; a size of zero or less
/// ends as it does there, most often in an error.
fn chunk(env: &Env, args: &[Value]) -> FunctionResult {
    let size = args::int(args, 0)?;
    let list = list_of(args::any(args, 1), "Cannot chunk type")?;
    let items = list.read();
    let length = items.len() as f64;
    let chunks = convert::truncate(((length - 1.0) / size as f64).floor() + 1.0);
    let too_many = || FunctionError::new("runtime error: makeslice: len out of range");
    let count = usize::try_from(chunks).map_err(|_| too_many())?;
    check_items(env, "chunk", items.len().saturating_add(count.saturating_mul(4)))?;
    let mut done = Vec::with_capacity(count);
    let mut rest = items.as_slice();
    for i in 0..count {
        let wanted = match convert::truncate((length % size as f64).floor()) {
            left if i + 1 == count && left != 0 => left,
            _ => size,
        };
        let wanted = usize::try_from(wanted).map_err(|_| too_many())?;
        let Some((part, after)) = rest.split_at_checked(wanted) else {
            return Err(FunctionError::new("reflect: slice index out of range"));
        };
        done.push(Value::list(part.to_vec()));
        rest = after;
    }
    Ok(Value::List(List::new(Elem::Other("[][]interface {}"), done)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::find;

    fn call(name: &str, args: &[Value]) -> Result<String, String> {
        let env = Env::default();
        let f = find(name).ok_or("no such function")?;
        let value = (f.call)(&env, args).map_err(|e| e.message)?;
        convert::sprint(&env, &value).map(|s| s.to_string()).map_err(|e| e.message)
    }

    fn ints(n: i64) -> Value {
        Value::list((1..=n).map(Value::int).collect())
    }

    #[test]
    fn chunks_are_cut_as_sprig_cuts_them() {
        assert_eq!(call("chunk", &[Value::int(2), ints(5)]).as_deref(), Ok("[[1 2] [3 4] [5]]"));
        assert_eq!(call("chunk", &[Value::int(2), ints(4)]).as_deref(), Ok("[[1 2] [3 4]]"));
        assert_eq!(call("chunk", &[Value::int(2), ints(0)]).as_deref(), Ok("[]"));
        assert!(call("chunk", &[Value::int(0), ints(2)]).is_err());
    }

    #[test]
    fn the_wrong_kind_is_named_in_the_error() {
        let text = Value::from("s");
        assert_eq!(
            call("first", std::slice::from_ref(&text)),
            Err("Cannot find first on type string".into())
        );
        assert_eq!(call("append", &[text.clone(), Value::Null]), Err("Cannot push on type string".into()));
        assert!(call("first", &[Value::Null]).is_err_and(|e| e.starts_with("runtime error: invalid memory")));
        assert_eq!(call("concat", &[text]), Err("Cannot concat type string as list".into()));
    }

    #[test]
    fn an_empty_list_has_nil_for_its_rest() {
        let env = Env::default();
        let rest = find("rest").map(|f| (f.call)(&env, &[ints(0)]));
        assert!(matches!(rest, Some(Ok(Value::TypedNil(t))) if t.kind == Kind::Slice));
    }

    #[test]
    fn a_slice_keeps_the_type_of_its_list() {
        let env = Env::default();
        let args = [Value::strings(["a", "b", "c"]), Value::int(1), Value::Float(3.0)];
        let slice = find("slice").map(|f| (f.call)(&env, &args));
        assert!(matches!(slice, Some(Ok(Value::List(l))) if l.elem() == Elem::String && l.len() == 2));
    }
}
