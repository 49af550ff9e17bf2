//! Macros: arguments are bound as Jinja2 binds them, then minijinja's macro runs with all of them in place.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value as Jinja};
use minijinja::{Error, ErrorKind, State};

use super::args;
use super::convert::{new_list, tuple};
use super::fail;
use super::record::{self, Home};

const VARARGS: u32 = 1;
const KWARGS: u32 = 2;
const CALLER: u32 = 4;

/// A macro as templates see it.
pub(super) struct Macro {
    name: String,
    /// Each parameter, and whether it has a default.
    params: Vec<(String, bool)>,
    flags: u32,
    raw: Jinja,
    /// Where it was made, if the render is recorded.
    home: Option<Home>,
}

/// What stands for an argument that was not given, where the parameter has a default.
#[derive(Debug)]
struct Missing;

impl Object for Missing {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

/// Whether a parameter was not given.
pub(super) fn is_missing(value: &Jinja) -> bool {
    value.downcast_object_ref::<Missing>().is_some()
}

/// Makes a macro of minijinja's and its signature: name, flags, then each parameter and whether it has a
/// default.
pub(super) fn make(values: &[Jinja], home: Option<Home>) -> Result<Jinja, Error> {
    let [raw, name, flags, params @ ..] = values else { return Err(fail("a macro without a signature")) };
    let params = params.chunks(2).map(|pair| {
        (
            pair.first().and_then(Jinja::as_str).unwrap_or_default().to_string(),
            pair.last().is_some_and(Jinja::is_true),
        )
    });
    Ok(Jinja::from_object(Macro {
        name: name.as_str().unwrap_or_default().to_string(),
        params: params.collect(),
        flags: flags.as_i64().and_then(|f| u32::try_from(f).ok()).unwrap_or(0),
        raw: raw.clone(),
        home,
    }))
}

impl Macro {
    fn bind(&self, given: &[Jinja]) -> Result<Vec<Jinja>, Error> {
        let (positional, named) = args::split(given);
        let mut bound: Vec<Option<Jinja>> =
            (0..self.params.len()).map(|i| positional.get(i).cloned()).collect();
        let mut caller = None;
        let mut rest = Vec::new();
        for (name, value) in args::named(named)? {
            if name == "caller" && !self.params.iter().any(|(p, _)| p == "caller") {
                if self.flags & CALLER == 0 {
                    return Err(fail(format!(
                        "the macro `{}` is used with `call`, but does not call `caller()`",
                        self.name
                    )));
                }
                caller = Some(value);
                continue;
            }
            match self.params.iter().position(|(p, _)| *p == name).and_then(|i| bound.get_mut(i)) {
                Some(slot @ None) => *slot = Some(value),
                Some(_) => {
                    return Err(fail(format!("the macro `{}` got the argument `{name}` twice", self.name)));
                }
                None if self.flags & KWARGS != 0 => rest.push((name, value)),
                None => {
                    let params: Vec<&str> = self.params.iter().map(|(p, _)| p.as_str()).collect();
                    return Err(args::unknown(&self.name, &name, &params));
                }
            }
        }
        let more = positional.get(self.params.len()..).unwrap_or_default();
        if !more.is_empty() && self.flags & VARARGS == 0 {
            return Err(fail(format!(
                "the macro `{}` takes at most {} arguments, got {}",
                self.name,
                self.params.len(),
                positional.len()
            )));
        }
        let mut all: Vec<Jinja> = bound
            .into_iter()
            .zip(&self.params)
            .map(|(value, (_, default))| match value {
                Some(value) => value,
                None if *default => Jinja::from_object(Missing),
                None => Jinja::UNDEFINED,
            })
            .collect();
        if self.flags & VARARGS != 0 {
            all.push(tuple(more.to_vec()));
        }
        if self.flags & KWARGS != 0 {
            let rest = rest.into_iter().map(|(k, v)| (Jinja::from(k), v)).collect();
            all.push(super::dict::Dict::make(rest)?);
        }
        if self.flags & CALLER != 0 {
            all.push(caller.unwrap_or(Jinja::UNDEFINED));
        }
        Ok(all)
    }
}

impl Object for Macro {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        Some(match key.as_str()? {
            "name" => Jinja::from(self.name.as_str()),
            "arguments" => new_list(self.params.iter().map(|(p, _)| Jinja::from(p.as_str()))),
            "catch_varargs" => Jinja::from(self.flags & VARARGS != 0),
            "catch_kwargs" => Jinja::from(self.flags & KWARGS != 0),
            "caller" => Jinja::from(self.flags & CALLER != 0),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, given: &[Jinja]) -> Result<Jinja, Error> {
        let bound = self.bind(given)?;
        let result = match &self.home {
            None => self.raw.call(state, &bound),
            Some(home) => {
                let extras = [(VARARGS, "varargs"), (KWARGS, "kwargs")];
                let extras = extras.iter().filter(|(flag, _)| self.flags & flag != 0).map(|(_, name)| *name);
                let names = self.params.iter().map(|(name, _)| name.as_str()).chain(extras);
                record::call_macro(&self.name, names.zip(&bound), home, || self.raw.call(state, &bound))
            }
        };
        result.map_err(|inner| {
            Error::new(ErrorKind::EvalBlock, format!("macro `{}`", self.name)).with_source(inner)
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<macro {}>", self.name)
    }
}

impl fmt::Debug for Macro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<macro {}>", self.name)
    }
}
