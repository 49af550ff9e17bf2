//! Jinja's own global functions, and the two that run templates: `include` and `tpl`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::value::{Object, ObjectRepr, Value as Jinja, ValueOrKwargs};
use minijinja::{Error, State};

use super::args::{self, bind, int, text};
use super::convert::new_list;
use super::dict::Dict;
use super::methods;
use super::ops;
use super::output::describe;
use super::{Root, fail};
use crate::value::Value;

/// A global function.
pub(super) type Global = fn(&mut State, &[Jinja]) -> Result<Jinja, Error>;

/// Jinja's global functions, by name.
pub(super) const GLOBALS: &[(&str, Global)] = &[
    ("cycler", cycler),
    ("dict", dict),
    ("fail", fail_with),
    ("include", include),
    ("joiner", joiner),
    ("namespace", namespace),
    ("range", range),
    ("required", required),
    ("tpl", tpl),
];

/// The number of a global function.
pub(super) fn index(name: &str) -> Option<usize> {
    GLOBALS.iter().position(|(n, _)| *n == name)
}

/// The most numbers that `range` gives.
const MAX_RANGE: i128 = 1_000_000;

fn range(_: &mut State, args: &[Jinja]) -> Result<Jinja, Error> {
    let [a, b, step] = bind("range", args, ["start", "stop", "step"], 1)?;
    let (start, stop) = match &b {
        Some(_) => (int("range", a.as_ref(), 0)?, int("range", b.as_ref(), 0)?),
        None => (0, int("range", a.as_ref(), 0)?),
    };
    let step = int("range", step.as_ref(), 1)?;
    if step == 0 {
        return Err(fail("the step of `range` is 0"));
    }
    let span = (i128::from(stop) - i128::from(start)) * i128::from(step.signum());
    let count = if span <= 0 { 0 } else { (span - 1) / i128::from(step.unsigned_abs()) + 1 };
    if count > MAX_RANGE {
        return Err(fail(format!("`range` of {count} numbers is over the limit of {MAX_RANGE}")));
    }
    Ok(new_list((0..count).map(|i| ops::int(i128::from(start) + i * i128::from(step)))))
}

/// `dict(a=1)`, `dict(mapping_or_pairs, a=1)`, and Sprig's `dict("a", 1, "b", 2)`.
fn dict(_: &mut State, args: &[Jinja]) -> Result<Jinja, Error> {
    let (positional, named) = args::split(args);
    let mut pairs = match positional {
        [one] => methods::pairs(one)?,
        many => {
            if many.len() % 2 == 1 {
                return Err(fail("`dict` wants a value for each key"));
            }
            many.chunks(2).filter_map(|pair| Some((pair.first()?.clone(), pair.last()?.clone()))).collect()
        }
    };
    pairs.extend(args::named(named)?.into_iter().map(|(k, v)| (Jinja::from(k), v)));
    Dict::make(pairs)
}

fn namespace(_: &mut State, args: &[Jinja]) -> Result<Jinja, Error> {
    let (positional, named) = args::split(args);
    let mut pairs = Vec::new();
    for given in positional {
        pairs.extend(methods::pairs(given)?);
    }
    pairs.extend(args::named(named)?.into_iter().map(|(k, v)| (Jinja::from(k), v)));
    let initial = Jinja::from_pairs(pairs);
    minijinja::functions::namespace(Some(ValueOrKwargs::from(initial)))
}

/// A namespace for the flag of a loop with `else`: whether a turn came to its end.
pub(super) fn flag() -> Result<Jinja, Error> {
    minijinja::functions::namespace(Some(ValueOrKwargs::from(Jinja::from_pairs([("turned", false)]))))
}

struct Cycler {
    items: Vec<Jinja>,
    at: AtomicUsize,
}

fn cycler(_: &mut State, args: &[Jinja]) -> Result<Jinja, Error> {
    let (items, named) = args::split(args);
    if items.is_empty() || named.is_some() {
        return Err(fail("`cycler` wants at least one item, without names"));
    }
    Ok(Jinja::from_object(Cycler { items: items.to_vec(), at: AtomicUsize::new(0) }))
}

impl Cycler {
    fn current(&self) -> Jinja {
        self.items.get(self.at.load(Ordering::Relaxed)).cloned().unwrap_or_default()
    }
}

impl Object for Cycler {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        (key.as_str() == Some("current")).then(|| self.current())
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        method: &str,
        args: &[Jinja],
    ) -> Result<Jinja, Error> {
        let [] = bind(method, args, [], 0)?;
        match method {
            "next" => {
                let current = self.current();
                let next = (self.at.load(Ordering::Relaxed) + 1) % self.items.len().max(1);
                self.at.store(next, Ordering::Relaxed);
                Ok(current)
            }
            "reset" => {
                self.at.store(0, Ordering::Relaxed);
                Ok(Jinja::from(()))
            }
            _ => Err(fail(format!("a cycler has no method `{method}`"))),
        }
    }
}

impl fmt::Debug for Cycler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<cycler>")
    }
}

/// What `joiner` makes: it gives nothing when first called, then the separator.
#[derive(Debug)]
pub(super) struct Joiner {
    separator: String,
    used: AtomicUsize,
}

fn joiner(_: &mut State, args: &[Jinja]) -> Result<Jinja, Error> {
    let [separator] = bind("joiner", args, ["sep"], 0)?;
    let separator = text(separator.as_ref(), ", ")?;
    Ok(Jinja::from_object(Joiner { separator, used: AtomicUsize::new(0) }))
}

impl Object for Joiner {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Jinja]) -> Result<Jinja, Error> {
        let [] = bind("joiner", args, [], 0)?;
        let first = self.used.swap(1, Ordering::Relaxed) == 0;
        Ok(Jinja::from(if first { "" } else { self.separator.as_str() }))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<joiner>")
    }
}

/// The context that `include` and `tpl` give on: the one they are told, or that of the template.
fn context(function: &str, root: &Root, value: Option<&Jinja>) -> Result<Value, Error> {
    match value {
        None => Ok(Value::Map(root.dot().clone())),
        Some(value) if value.is_undefined() => Err(super::undefined()),
        Some(value) => super::convert::to_torii(value)
            .map_err(|_| fail(format!("`{function}` cannot take {} as its context", describe(value)))),
    }
}

/// `include(name, context)`: the output of a Go named template, or of a Jinja file of the chart.
fn include(state: &mut State, args: &[Jinja]) -> Result<Jinja, Error> {
    let [name, dot] = bind("include", args, ["name", "context"], 1)?;
    let name = text(name.as_ref(), "")?;
    let root = Root::of(state)?;
    let dot = context("include", &root, dot.as_ref())?;
    root.include(state, &name, &dot)
}

/// `tpl(text, context)`: the text, rendered as a Jinja template.
fn tpl(state: &mut State, args: &[Jinja]) -> Result<Jinja, Error> {
    let [source, dot] = bind("tpl", args, ["text", "context"], 1)?;
    let source = text(source.as_ref(), "")?;
    let root = Root::of(state)?;
    match context("tpl", &root, dot.as_ref())? {
        Value::Map(dot) => root.tpl(state, &source, &dot),
        _ => Err(fail("the context of `tpl` is a mapping")),
    }
}

/// `fail(message)`
fn fail_with(state: &mut State, args: &[Jinja]) -> Result<Jinja, Error> {
    let [message] = bind("fail", args, ["message"], 1)?;
    if Root::of(state)?.env().lint {
        return Ok(Jinja::from(""));
    }
    Err(fail(text(message.as_ref(), "")?))
}

/// `required(message, value)`: the value, unless it is undefined, none or an empty string.
pub(super) fn required(state: &mut State, args: &[Jinja]) -> Result<Jinja, Error> {
    let [message, value] = bind("required", args, ["message", "value"], 2)?;
    let value = value.unwrap_or_default();
    let empty = value.is_undefined() || value.is_none() || value.as_str() == Some("");
    if !empty {
        return Ok(value);
    }
    let message = text(message.as_ref(), "")?;
    let env = Root::of(state)?;
    if env.env().lint {
        env.env().warn(message);
        return Ok(Jinja::from(""));
    }
    Err(fail(message))
}
