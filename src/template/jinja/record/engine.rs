//! The minijinja environment of recorded renders: the plain one, and the filters by which sources tell of nodes.

use std::sync::{Arc, OnceLock};

use minijinja::value::{Rest, Value as Jinja, ValueOrKwargs};
use minijinja::{Environment, Error, State};

use super::super::{engine, macros, methods};
use super::plan::{Node, Unit, What};
use super::{Book, Home, texts, with};
use crate::trace::Recorder;

type Args = Rest<ValueOrKwargs>;

/// A fresh environment. The filters are registered once in a process; a copy shares them.
pub(in super::super) fn environment() -> Environment<'static> {
    static BASE: OnceLock<Environment<'static>> = OnceLock::new();
    BASE.get_or_init(build).clone()
}

fn build() -> Environment<'static> {
    let mut env = engine::environment();
    env.set_formatter(texts::format);
    env.set_unknown_method_callback(method);
    statements(&mut env);
    env.add_filter("__start", |unit: u32, index: usize| {
        told(unit, index, |book, r, unit, _| book.start(r, unit, index));
        true
    });
    env.add_filter("__done", |state: &mut State, value: &Jinja, unit: u32, index: usize| {
        told(unit, index, |book, r, unit, _| book.done(r, unit, index, value, state));
        value.clone()
    });
    env.add_filter("__begin", |unit: u32, index: usize| {
        told(unit, index, |book, r, _, node| book.inner_begins(r, node, false));
        true
    });
    env.add_filter("__captured", |value: &Jinja, unit: u32, index: usize| {
        told(unit, index, |book, r, unit, _| book.captured(r, unit, index, value));
        value.clone()
    });
    env.add_filter("__macro", |_: &mut State, args: &[Jinja]| macros::make(args, Some(Home::here())));
    env.add_filter("__f", |state: &mut State, args: &[Jinja]| followed(state, args, engine::filter));
    env.add_filter("__fn", |state: &mut State, args: Args| {
        followed(state, &args.into_values(), engine::filter)
    });
    env.add_filter("__call", |state: &mut State, args: &[Jinja]| followed(state, args, engine::call));
    env.add_filter("__calln", |state: &mut State, args: Args| {
        followed(state, &args.into_values(), engine::call)
    });
    for (name, operator) in engine::OPERATORS {
        env.add_filter(*name, move |state: &mut State, args: &[Jinja]| followed(state, args, *operator));
    }
    env
}

/// The filters of statements that only tell something: what they give prints as nothing.
fn statements(env: &mut Environment<'static>) {
    env.add_filter("__unit", |unit: u32, _: usize| {
        with(|book, r| {
            if let Some(unit) = book.unit(unit) {
                book.unit_begins(r, &unit);
            }
        });
        ""
    });
    env.add_filter("__data", |unit: u32, index: usize| {
        let text = told(unit, index, |book, _, unit, node| {
            book.writer = Some((unit.clone(), index));
            match &node.what {
                What::Text(text) => Jinja::from(text.to_arc()),
                _ => Jinja::from(""),
            }
        });
        text.unwrap_or_default()
    });
    env.add_filter("__turn", |unit: u32, index: usize, first: &Jinja| {
        told(unit, index, |book, r, _, node| book.turn(r, node, first));
        ""
    });
    env.add_filter("__open", |unit: u32, index: usize| {
        told(unit, index, |book, r, unit, _| book.text_begins(r, unit, index));
        ""
    });
    env.add_filter("__block", |unit: u32, index: usize| {
        told(unit, index, |book, r, unit, _| book.named_block(r, unit, index));
        ""
    });
    env.add_filter("__enter", |unit: u32, index: usize| {
        told(unit, index, |book, r, unit, node| {
            book.start(r, unit, index);
            book.inner_begins(r, node, true);
        });
        ""
    });
    type Tell = fn(&mut Book, &mut Recorder, &Node);
    let plain: [(&str, Tell); 5] = [
        ("__then", Book::then),
        ("__else", Book::otherwise),
        ("__with", Book::with_begins),
        ("__end", Book::block_ends),
        ("__leave", Book::leave),
    ];
    for (name, tell) in plain {
        env.add_filter(name, move |unit: u32, index: usize| {
            told(unit, index, |book, r, _, node| tell(book, r, node));
            ""
        });
    }
}

fn told<T>(
    unit: u32,
    index: usize,
    tell: impl FnOnce(&mut Book, &mut Recorder, &Arc<Unit>, &Node) -> T,
) -> Option<T> {
    with(|book, r| {
        let unit = book.unit(unit)?;
        let node = unit.nodes.get(index)?;
        Some(tell(book, r, &unit, node))
    })?
}

/// Runs what makes a value of others, and follows the texts through it.
fn followed(
    state: &mut State,
    args: &[Jinja],
    run: fn(&mut State, &[Jinja]) -> Result<Jinja, Error>,
) -> Result<Jinja, Error> {
    let result = run(state, args)?;
    with(|book, r| book.made(r, args, &result));
    Ok(result)
}

fn method(state: &mut State, value: &Jinja, method: &str, args: &[Jinja]) -> Result<Jinja, Error> {
    let result = methods::unknown(state, value, method, args)?;
    let all: Vec<Jinja> = std::iter::once(value).chain(args).cloned().collect();
    with(|book, r| book.made(r, &all, &result));
    Ok(result)
}
