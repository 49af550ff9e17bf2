//! Jinja's own filters, with the meaning of jinja2 `filters.py`. The functions of the shared library are
//! filters too; where a name is in both, Jinja's meaning holds.

mod collections;
pub(super) mod format;
mod markup;
pub(super) mod number;
mod order;
pub(super) mod text;

pub(super) use self::collections::slice_of;

use std::collections::HashMap;
use std::sync::OnceLock;

use minijinja::value::Value as Jinja;
use minijinja::{Error, State};

use super::{globals, library, undefined};

/// A filter: the value, then the arguments.
pub(super) type Filter = fn(&mut State, &Jinja, &[Jinja]) -> Result<Jinja, Error>;

const FILTERS: &[(&str, Filter)] = &[
    ("abs", number::abs),
    ("attr", collections::attr),
    ("batch", collections::batch),
    ("bool", number::bool),
    ("capitalize", text::capitalize),
    ("center", text::center),
    ("count", collections::length),
    ("d", collections::default),
    ("default", collections::default),
    ("dictsort", order::dictsort),
    ("e", markup::escape),
    ("escape", markup::escape),
    ("filesizeformat", number::filesizeformat),
    ("first", collections::first),
    ("float", number::float),
    ("forceescape", markup::forceescape),
    ("format", format::format),
    ("groupby", order::groupby),
    ("indent", text::indent),
    ("int", number::int),
    ("items", collections::items),
    ("join", text::join),
    ("last", collections::last),
    ("length", collections::length),
    ("list", collections::list),
    ("lower", text::lower),
    ("map", collections::map),
    ("max", order::max),
    ("min", order::min),
    ("pprint", markup::pprint),
    ("reject", collections::reject),
    ("rejectattr", collections::rejectattr),
    ("replace", text::replace_filter),
    ("required", required),
    ("reverse", collections::reverse),
    ("round", number::round),
    ("safe", markup::safe),
    ("select", collections::select),
    ("selectattr", collections::selectattr),
    ("slice", collections::slice),
    ("sort", order::sort),
    ("split", text::split),
    ("string", text::string),
    ("striptags", markup::striptags),
    ("sum", number::sum),
    ("title", text::title),
    ("tojson", markup::tojson),
    ("trim", text::trim),
    ("truncate", text::truncate),
    ("unique", order::unique),
    ("upper", text::upper),
    ("urlencode", markup::urlencode),
    ("wordcount", text::wordcount),
    ("wordwrap", text::wordwrap),
    ("xmlattr", markup::xmlattr),
];

/// The number by which lowered templates name a filter: Jinja's own first, then the library's functions.
pub(super) fn index(name: &str) -> Option<usize> {
    static TABLE: OnceLock<HashMap<&'static str, usize>> = OnceLock::new();
    let table = TABLE.get_or_init(|| FILTERS.iter().enumerate().map(|(i, (name, _))| (*name, i)).collect());
    table.get(name).copied().or_else(|| library::function_index(name).map(|i| FILTERS.len() + i))
}

/// The names of all filters.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FILTERS.iter().map(|(name, _)| *name).chain(library::function_names())
}

/// Jinja's own filters, by name.
#[cfg(test)]
pub(super) fn own_names() -> impl Iterator<Item = &'static str> {
    FILTERS.iter().map(|(name, _)| *name)
}

/// `value | required("message")`
fn required(state: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let mut all = args.to_vec();
    all.push(value.clone());
    globals::required(state, &all)
}

/// Applies the filter of a number to the value, which is the first of `args`.
pub(super) fn apply(state: &mut State, index: usize, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    match FILTERS.get(index) {
        Some((name, filter)) => {
            if value.is_undefined() && !matches!(*name, "default" | "d" | "required") {
                return Err(undefined());
            }
            filter(state, value, args)
        }
        None => library::apply(state, index.wrapping_sub(FILTERS.len()), value, args),
    }
}
