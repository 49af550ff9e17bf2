//! The minijinja environment that every render starts from: Torii's filters for what lowered templates say.

use std::sync::OnceLock;

use minijinja::value::{Rest, Value as Jinja, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior};

use super::convert::{new_list, tuple};
use super::dict::Dict;
use super::ops::charge;
use super::output::{self, describe};
use super::{fail, filters, globals, library, macros, methods, ops, predicates, undefined};

type Args = Rest<ValueOrKwargs>;

/// What a filter does with its arguments, the value first.
type Operator = fn(&mut State, &[Jinja]) -> Result<Jinja, Error>;

/// The filters that make texts and lists of others.
pub(super) const OPERATORS: &[(&str, Operator)] = &[
    ("__add", |state, args| binary(state, args, ops::add)),
    ("__mul", |state, args| binary(state, args, ops::mul)),
    ("__mod", |state, args| binary(state, args, ops::rem)),
    ("__concat", |state, args| charge(state, ops::concat(args))),
    ("__list", list),
    ("__more", more),
    ("__dict", |state, args| {
        let pairs = pairs(args.get(1..).unwrap_or_default());
        charge(state, Dict::make(pairs))
    }),
    ("__slice", |state, args| match args {
        [value, parts @ ..] => charge(state, filters::slice_of(value, parts)),
        [] => Err(undefined()),
    }),
];

/// A fresh environment. The filters are registered once in a process; a copy shares them.
pub(super) fn environment() -> Environment<'static> {
    static BASE: OnceLock<Environment<'static>> = OnceLock::new();
    BASE.get_or_init(build).clone()
}

fn build() -> Environment<'static> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.set_debug(false);
    env.set_formatter(output::format);
    env.set_unknown_method_callback(methods::unknown);
    let mut syntax = minijinja::syntax::SyntaxConfig::builder();
    if let Ok(syntax) = syntax.keep_trailing_newline(true).build() {
        env.set_syntax(syntax);
    }
    env.add_filter("__f", filter);
    env.add_filter("__fn", filter_with_names);
    env.add_filter("__is", test);
    env.add_filter("__isn", test_with_names);
    env.add_filter("__call", call);
    env.add_filter("__calln", call_with_names);
    env.add_filter("__sub", |state: &mut State, a: &Jinja, b: &Jinja| charge(state, ops::sub(a, b)));
    env.add_filter("__div", |state: &mut State, a: &Jinja, b: &Jinja| charge(state, ops::div(a, b)));
    env.add_filter("__floordiv", |state: &mut State, a: &Jinja, b: &Jinja| {
        charge(state, ops::floor_div(a, b))
    });
    env.add_filter("__pow", |state: &mut State, a: &Jinja, b: &Jinja| charge(state, ops::pow(a, b)));
    env.add_filter("__neg", |a: &Jinja| ops::neg(a));
    env.add_filter("__pos", |a: &Jinja| ops::pos(a));
    env.add_filter("__inf", |_: &Jinja| f64::INFINITY);
    for (name, operator) in OPERATORS {
        env.add_filter(*name, *operator);
    }
    env.add_filter("__compare", compare);
    env.add_filter(
        "__key",
        |key: &Jinja| if key.is_undefined() { Err(undefined()) } else { Ok(key.clone()) },
    );
    env.add_filter("__text", |state: &mut State, value: &Jinja| {
        let bytes = value.as_str().map_or(0, str::len);
        charge(state, ops::work(bytes / ops::BYTES_PER_WORK)).map(|()| value.clone())
    });
    env.add_filter("__iter", iter);
    env.add_filter("__unpack", unpack);
    env.add_filter("__flag", |_: &Jinja| globals::flag());
    env.add_filter("__missing", |value: &Jinja| macros::is_missing(value));
    env.add_filter("__macro", |_: &mut State, args: &[Jinja]| macros::make(args, None));
    env.add_filter("__export", |state: &mut State, module: &Jinja| {
        state.set_temp("__module", module.clone());
    });
    env.add_filter("__imported", |state: &mut State, _: &Jinja| {
        state.get_temp("__module").unwrap_or_default()
    });
    env.add_filter("__template", super::names::resolve);
    env.add_filter("__unknown", |_: &Jinja, message: &str, hint: &str| -> Result<Jinja, Error> {
        let error = fail(message.to_string());
        Err(if hint.is_empty() { error } else { super::errors::with_hint(error, hint.to_string()) })
    });
    env
}

fn index(value: Option<&Jinja>) -> usize {
    value.and_then(Jinja::as_usize).unwrap_or(usize::MAX)
}

fn binary(
    state: &mut State,
    args: &[Jinja],
    operator: fn(&Jinja, &Jinja) -> Result<Jinja, Error>,
) -> Result<Jinja, Error> {
    match args {
        [a, b] => charge(state, operator(a, b)),
        _ => Err(undefined()),
    }
}

pub(super) fn filter(state: &mut State, args: &[Jinja]) -> Result<Jinja, Error> {
    match args {
        [value, number, rest @ ..] => {
            let result = filters::apply(state, index(Some(number)), value, rest);
            charge(state, result)
        }
        _ => Err(undefined()),
    }
}

fn filter_with_names(state: &mut State, args: Args) -> Result<Jinja, Error> {
    filter(state, &args.into_values())
}

fn test(state: &mut State, args: &[Jinja]) -> Result<bool, Error> {
    match args {
        [value, number, rest @ ..] => {
            let result = predicates::apply(state, index(Some(number)), value, rest);
            charge(state, result)
        }
        _ => Err(undefined()),
    }
}

fn test_with_names(state: &mut State, args: Args) -> Result<bool, Error> {
    test(state, &args.into_values())
}

pub(super) fn call(state: &mut State, args: &[Jinja]) -> Result<Jinja, Error> {
    let (number, args) = (index(args.first()), args.get(1..).unwrap_or_default());
    // A variable of the name, from a template that includes or extends this one, is nearer.
    let nearer = library::name(number).and_then(|name| state.lookup(name)).filter(|v| !v.is_undefined());
    let result = match nearer {
        Some(value) => value.call(state, args),
        None => library::call(state, number, args),
    };
    charge(state, result)
}

fn call_with_names(state: &mut State, args: Args) -> Result<Jinja, Error> {
    call(state, &args.into_values())
}

fn pairs(args: &[Jinja]) -> Vec<(Jinja, Jinja)> {
    args.chunks_exact(2).filter_map(|pair| Some((pair.first()?.clone(), pair.last()?.clone()))).collect()
}

fn list(state: &mut State, args: &[Jinja]) -> Result<Jinja, Error> {
    let items = args.get(1..).unwrap_or_default();
    let list = new_list(items.iter().cloned());
    charge(state, Ok(list))
}

/// Adds items to a literal too long for one call.
fn more(state: &mut State, args: &[Jinja]) -> Result<Jinja, Error> {
    let Some((value, rest)) = args.split_first() else { return Err(undefined()) };
    if value.kind() == ValueKind::Map {
        let more = Dict::make(pairs(rest))?;
        value.call_method(state, "update", &[more])?;
    } else {
        value.call_method(state, "extend", &[new_list(rest.iter().cloned())])?;
    }
    Ok(value.clone())
}

/// A chain of comparisons: a value, then signs and values in turn.
fn compare(state: &mut State, args: &[Jinja]) -> Result<bool, Error> {
    charge(state, compare_all(args))
}

fn compare_all(args: &[Jinja]) -> Result<bool, Error> {
    let Some((mut left, rest)) = args.split_first() else { return Err(undefined()) };
    for pair in rest.chunks_exact(2) {
        let [sign, right] = pair else { break };
        if !ops::relation(sign.as_str().unwrap_or_default(), left, right)? {
            return Ok(false);
        }
        left = right;
    }
    Ok(true)
}

/// What a `for` loop runs over, with a known length.
fn iter(state: &mut State, value: &Jinja, unpack: bool) -> Result<Jinja, Error> {
    let known = ops::work(value.len().unwrap_or(0) / 4);
    let result = known.and_then(|()| iterable(value, unpack));
    charge(state, result)
}

fn iterable(value: &Jinja, unpack: bool) -> Result<Jinja, Error> {
    match value.kind() {
        ValueKind::Undefined => Err(undefined()),
        ValueKind::Seq | ValueKind::Map if !unpack => Ok(value.clone()),
        ValueKind::None => Err(fail("none cannot be looped over")),
        _ => {
            let items = ops::items(value)?;
            if !unpack {
                return Ok(new_list(items));
            }
            let unpacked: Result<Vec<Jinja>, Error> = items.into_iter().map(unpackable).collect();
            Ok(tuple(unpacked?))
        }
    }
}

/// A value that minijinja can unpack: a string becomes its characters.
fn unpackable(value: Jinja) -> Result<Jinja, Error> {
    match value.kind() {
        ValueKind::String | ValueKind::Iterable => Ok(tuple(ops::items(&value)?)),
        ValueKind::Undefined => Err(undefined()),
        ValueKind::Seq | ValueKind::Map => Ok(value),
        _ => Err(fail(format!("{} cannot be unpacked into several names", describe(&value)))),
    }
}

fn unpack(value: Jinja, wanted: usize) -> Result<Jinja, Error> {
    let value = unpackable(value)?;
    match value.len() {
        Some(len) if len != wanted => Err(Error::new(
            ErrorKind::CannotUnpack,
            format!("{len} values cannot be unpacked into {wanted} names"),
        )),
        _ => Ok(value),
    }
}
