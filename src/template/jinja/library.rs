//! The functions that templates call by name: Jinja's own globals, and the library that both languages
//! share. In Jinja a function of the library is a filter too.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use minijinja::value::{Object, ObjectRepr, Value as Jinja, ValueKind};
use minijinja::{Error, State};

use super::convert::{to_jinja, to_torii};
use super::globals::{self, GLOBALS};
use super::output::{describe, text};
use super::{Root, errors, fail, undefined};
use crate::functions::{self, Function, Type};
use crate::value::{Elem, Int, IntKind, List, Value};

/// Names known from Ansible, for functions of the library.
pub(super) const ALIASES: &[(&str, &str)] = &[
    ("to_yaml", "toYaml"),
    ("to_json", "toJson"),
    ("to_nice_json", "toPrettyJson"),
    ("to_toml", "toToml"),
    ("from_yaml", "fromYaml"),
    ("from_json", "fromJson"),
    ("from_toml", "fromToml"),
    ("b64encode", "b64enc"),
    ("b64decode", "b64dec"),
];

/// Functions that take an undefined value as null: they exist to deal with what is not set.
const TAKES_UNDEFINED: &[&str] =
    &["required", "coalesce", "empty", "any", "all", "ternary", "kindOf", "typeOf"];

struct Table {
    functions: Vec<&'static Function>,
    names: HashMap<&'static str, usize>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let functions: Vec<&Function> = functions::all().collect();
        let mut names: HashMap<&str, usize> =
            functions.iter().enumerate().map(|(i, f)| (f.name, i)).collect();
        for (alias, name) in ALIASES {
            if let Some(i) = names.get(name).copied() {
                names.insert(alias, i);
            }
        }
        Table { functions, names }
    })
}

/// The number of a function of the shared library.
pub(super) fn function_index(name: &str) -> Option<usize> {
    table().names.get(name).copied()
}

/// The names of the shared library's functions, aliases included.
pub(super) fn function_names() -> impl Iterator<Item = &'static str> {
    table().names.keys().copied()
}

/// The number by which lowered templates name a function: Jinja's globals first.
pub(super) fn index(name: &str) -> Option<usize> {
    globals::index(name).or_else(|| function_index(name).map(|i| GLOBALS.len() + i))
}

/// The name of the function of a number.
pub(super) fn name(index: usize) -> Option<&'static str> {
    match GLOBALS.get(index) {
        Some((name, _)) => Some(name),
        None => table().functions.get(index.wrapping_sub(GLOBALS.len())).map(|f| f.name),
    }
}

/// Calls the function of a number.
pub(super) fn call(state: &mut State, index: usize, args: &[Jinja]) -> Result<Jinja, Error> {
    match GLOBALS.get(index) {
        Some((_, global)) => global(state, args),
        None => match table().functions.get(index.wrapping_sub(GLOBALS.len())) {
            Some(function) => run(state, function, args),
            None => Err(fail("unknown function")),
        },
    }
}

/// Applies a function of the shared library as a filter.
pub(super) fn apply(state: &mut State, index: usize, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let Some(function) = table().functions.get(index) else { return Err(fail("unknown filter")) };
    let mut all = Vec::with_capacity(args.len() + 1);
    if function.collection_first {
        all.push(value.clone());
        all.extend_from_slice(args);
    } else {
        all.extend_from_slice(args);
        all.push(value.clone());
    }
    if args.iter().any(Jinja::is_kwargs) {
        return Err(no_names(function));
    }
    run(state, function, &all)
}

fn no_names(function: &Function) -> Error {
    fail(format!("`{}` takes its arguments without names", function.name))
}

fn run(state: &mut State, function: &'static Function, args: &[Jinja]) -> Result<Jinja, Error> {
    if args.last().is_some_and(Jinja::is_kwargs) {
        return Err(no_names(function));
    }
    let fixed = function.params.len();
    if args.len() < fixed || (args.len() > fixed && function.variadic.is_none()) {
        let least = if function.variadic.is_some() { "at least " } else { "" };
        return Err(errors::with_hint(
            fail(format!("`{}` wants {least}{fixed} arguments, got {}", function.name, args.len())),
            format!("it is {}", signature(function)),
        ));
    }
    let lenient = TAKES_UNDEFINED.contains(&function.name);
    let mut values = Vec::with_capacity(args.len());
    for (i, arg) in args.iter().enumerate() {
        let wanted = function.params.get(i).copied().or(function.variadic).unwrap_or(Type::Any);
        values.push(coerce(function, wanted, arg, lenient)?);
    }
    let root = Root::of(state)?;
    match function.run(root.env(), &values) {
        // Whoever asks for a float gets one; elsewhere whole numbers are integers.
        Ok(Value::Float(f)) if function.name == "float64" => Ok(Jinja::from(f)),
        Ok(value) => Ok(to_jinja(&value)),
        Err(error) => Err(errors::from_function(function.name, error)),
    }
}

/// The function's parameters, as documentation and messages show them.
pub(super) fn signature(function: &Function) -> String {
    let plain = |t: Type| match t {
        Type::Any => "value",
        Type::Bool => "bool",
        Type::Int | Type::Int64 => "int",
        Type::Float64 => "float",
        Type::String | Type::Bytes => "string",
        Type::List => "list",
        Type::Strings => "strings",
        Type::Dict => "mapping",
        Type::Other(_) => "object",
    };
    let mut params: Vec<String> = function.params.iter().map(|t| plain(*t).to_string()).collect();
    if let Some(variadic) = function.variadic {
        params.push(format!("{}…", plain(variadic)));
    }
    format!("`{}({})`", function.name, params.join(", "))
}

/// A Jinja value as an argument of the type that a function wants.
fn coerce(function: &Function, wanted: Type, value: &Jinja, lenient: bool) -> Result<Value, Error> {
    if value.is_undefined() {
        return if lenient { Ok(Value::Null) } else { Err(undefined()) };
    }
    let wrong = |what: &str| {
        Err(errors::with_hint(
            fail(format!("`{}` wants {what} here, not {}", function.name, describe(value))),
            format!("it is {}", signature(function)),
        ))
    };
    match wanted {
        Type::Any => to_torii(value),
        Type::String => match value.kind() {
            ValueKind::String | ValueKind::Bytes => to_torii(value),
            ValueKind::Number | ValueKind::Bool => Ok(Value::from(text(value)?)),
            _ => match to_torii(value)? {
                Value::Object(o) => Ok(Value::from(o.print())),
                _ => wrong("a string"),
            },
        },
        Type::Bytes => match to_torii(value)? {
            Value::String(s) => Ok(Value::Bytes(s.as_bytes().into())),
            bytes @ Value::Bytes(_) => Ok(bytes),
            _ => wrong("a string"),
        },
        Type::Int | Type::Int64 => {
            let number = if value.is_number() { value.as_i64() } else { None };
            match number {
                Some(n) if wanted == Type::Int => Ok(Value::int(n)),
                Some(n) => Ok(Value::int64(n)),
                None => wrong("an integer"),
            }
        }
        Type::Float64 => match f64::try_from(value.clone()) {
            Ok(f) if value.is_number() => Ok(Value::Float(f)),
            _ => wrong("a number"),
        },
        Type::Bool => match value.kind() {
            ValueKind::Bool => Ok(Value::Bool(value.is_true())),
            _ => wrong("true or false"),
        },
        Type::List => match to_torii(value)? {
            Value::List(list) if list.elem() == Elem::Any => Ok(Value::List(list)),
            Value::List(list) => Ok(Value::list(list.items())),
            _ => wrong("a list"),
        },
        Type::Strings => match to_torii(value)? {
            Value::List(list) => {
                let strings = list.items();
                if strings.iter().any(|s| !matches!(s, Value::String(_))) {
                    return wrong("a list of strings");
                }
                Ok(Value::List(List::new(Elem::String, strings)))
            }
            _ => wrong("a list of strings"),
        },
        Type::Dict => match to_torii(value)? {
            map @ Value::Map(_) => Ok(map),
            _ => wrong("a mapping"),
        },
        Type::Other("uint32") => match value.as_i64().filter(|_| value.is_number()).map(u32::try_from) {
            Some(Ok(n)) => Ok(Value::Int(Int::new(i64::from(n), IntKind::Uint32))),
            _ => wrong("an integer that is not negative"),
        },
        Type::Other(name) => match to_torii(value)? {
            object if object.type_name() == name => Ok(object),
            _ => wrong("an object of another kind"),
        },
    }
}

/// A function as a value: what naming it without calling gives.
pub(super) struct Callable {
    pub name: String,
    pub index: usize,
}

impl Object for Callable {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Jinja]) -> Result<Jinja, Error> {
        call(state, self.index, args)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<function {}>", self.name)
    }
}

impl fmt::Debug for Callable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<function {}>", self.name)
    }
}
