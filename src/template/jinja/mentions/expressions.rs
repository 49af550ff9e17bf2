//! Expressions, filters and calls.

use std::rc::Rc;

use super::super::ast::{Args, Expr, Kind, Param};
use super::super::library;
use super::{Caller, Frame, Scope};
use crate::template::mentions::heap::{Thing, Things};
use crate::template::mentions::look::Look;
use crate::value::{Str, Value};

/// What is looped over, of `x.items()`, `x | items` and `x | dictsort`.
pub(super) fn pairs_of<'a>(e: &'a Expr<'a>) -> Option<&'a Expr<'a>> {
    match &e.kind {
        Kind::Call(callee, _) => match &callee.kind {
            Kind::Attribute(of, "items") => Some(of),
            _ => None,
        },
        Kind::Filter(Some(of), used, _) if matches!(used.name, "items" | "dictsort") => Some(of),
        _ => None,
    }
}

/// The arguments of a call.
#[derive(Default)]
struct Given<'a> {
    positional: Vec<Things>,
    named: Vec<(&'a str, Things)>,
    /// What is spread, of which it isn't known where it goes.
    spread: Things,
}

impl<'a> Frame<'a> {
    pub(super) fn expr(&mut self, look: &mut Look<'a>, e: &'a Expr<'a>) -> Things {
        if !look.step() {
            return Things::opaque();
        }
        let value = self.kind(look, e);
        look.heap.site = (self.file.text.get(), e.span.start as u32);
        if matches!(e.kind, Kind::Attribute(..) | Kind::Item(..)) {
            look.heap.mark(&value);
        }
        value
    }

    fn kind(&mut self, look: &mut Look<'a>, e: &'a Expr<'a>) -> Things {
        let site = (self.file.text.get(), e.span.start as u32);
        match &e.kind {
            Kind::Name(name) => self.variable(look, name),
            Kind::None | Kind::Float(_) => Things::opaque(),
            Kind::Bool(value) => Things::one(look.heap.constant(Value::Bool(*value))),
            Kind::Int(number) => match i64::try_from(*number) {
                Ok(number) => Things::one(look.heap.constant(Value::int(number))),
                Err(_) => Things::opaque(),
            },
            Kind::Str(text) => Things::one(look.heap.text(text.as_str())),
            Kind::Tuple(items) | Kind::List(items) => {
                let items = items.iter().map(|item| self.expr(look, item)).collect();
                Things::one(look.heap.list(items))
            }
            Kind::Dict(pairs) => {
                let parts: Vec<Things> =
                    pairs.iter().flat_map(|(k, v)| [self.expr(look, k), self.expr(look, v)]).collect();
                look.dict(&parts)
            }
            Kind::Cond { test, then, otherwise } => {
                let value = self.expr(look, test);
                look.heap.mark(&value);
                let then = self.expr(look, then);
                match otherwise {
                    Some(otherwise) => self.expr(look, otherwise).and(&then),
                    None => then,
                }
            }
            Kind::And(a, b) | Kind::Or(a, b) => {
                let a = self.expr(look, a);
                self.expr(look, b).and(&a)
            }
            Kind::Not(a) | Kind::Sign(_, a) => {
                let value = self.expr(look, a);
                look.heap.mark(&value);
                Things::opaque()
            }
            Kind::Binary(_, a, b) => {
                let a = self.expr(look, a);
                self.expr(look, b).and(&a).and(&Things::opaque())
            }
            Kind::Concat(parts) => {
                let parts: Vec<Things> = parts.iter().map(|part| self.expr(look, part)).collect();
                look.heap.site = site;
                look.call_function("print", &parts)
            }
            Kind::Compare(a, rest) => {
                let mut all = self.expr(look, a);
                for (_, e) in rest {
                    all.join(&self.expr(look, e));
                }
                look.heap.site = site;
                look.heap.consume(&all);
                Things::opaque()
            }
            Kind::Attribute(of, name) => {
                let of = self.expr(look, of);
                look.heap.entry(&of, Some(&(*name).into()))
            }
            Kind::Item(of, key) => {
                let of = self.expr(look, of);
                let key = self.expr(look, key);
                look.heap.site = site;
                look.heap.consume(&key);
                look.heap.entries(&of, &key)
            }
            Kind::Slice(of, parts) => {
                for part in parts.iter().flatten() {
                    let value = self.expr(look, part);
                    look.heap.consume(&value);
                }
                self.expr(look, of)
            }
            Kind::Call(..) => self.called(look, e, None),
            Kind::Filter(of, used, args) => {
                let of = of.as_ref().map_or_else(Things::opaque, |of| self.expr(look, of));
                let given = self.args(look, args);
                look.heap.site = site;
                filter(look, used.name, of, given)
            }
            Kind::Test(of, _, args) => {
                let of = self.expr(look, of);
                let given = self.args(look, args);
                look.heap.site = site;
                look.heap.mark(&of);
                given.positional.iter().for_each(|arg| look.heap.consume(arg));
                Things::opaque()
            }
        }
    }

    fn args(&mut self, look: &mut Look<'a>, args: &'a Args<'a>) -> Given<'a> {
        let positional = args.positional.iter().map(|e| self.expr(look, e)).collect();
        let named = args.named.iter().map(|(name, e)| (*name, self.expr(look, e))).collect();
        let mut spread = Things::default();
        for e in args.star.iter().chain(&args.double_star) {
            let value = self.expr(look, e);
            spread.join(&look.heap.entry(&value, None));
        }
        Given { positional, named, spread }
    }

    /// A call, with the body of a `call` block around it if there is one.
    pub(super) fn called(
        &mut self,
        look: &mut Look<'a>,
        e: &'a Expr<'a>,
        caller: Option<Rc<Caller<'a>>>,
    ) -> Things {
        let Kind::Call(callee, args) = &e.kind else { return self.expr(look, e) };
        let given = self.args(look, args);
        let site = (self.file.text.get(), e.span.start as u32);
        match &callee.kind {
            Kind::Name("caller") => {
                look.heap.site = site;
                self.call_caller(look, given)
            }
            Kind::Name(name) => {
                let held = self.variable(look, name);
                if held.iter().any(|thing| matches!(thing, Thing::Macro(_))) {
                    return self.call_macros(look, &held, &given, caller.as_ref());
                }
                look.heap.site = site;
                self.global(look, name, given)
            }
            Kind::Attribute(of, name) => {
                let of = self.expr(look, of);
                let held = look.heap.entry(&of, Some(&(*name).into()));
                if held.iter().any(|thing| matches!(thing, Thing::Macro(_))) {
                    return self.call_macros(look, &held, &given, caller.as_ref());
                }
                look.heap.site = site;
                method(look, &of, name, given)
            }
            _ => {
                let value = self.expr(look, callee);
                self.call_macros(look, &value, &given, caller.as_ref())
            }
        }
    }

    fn global(&mut self, look: &mut Look<'a>, name: &str, given: Given<'a>) -> Things {
        match name {
            "dict" | "namespace" => {
                let mut parts = Vec::new();
                let mut extends = given.spread.clone();
                if given.positional.len() == 1 {
                    extends = extends.and(&given.positional[0]);
                } else {
                    parts.extend(given.positional);
                }
                for (name, value) in given.named {
                    parts.push(Things::one(look.heap.text(name)));
                    parts.push(value);
                }
                let made = look.dict(&parts);
                look.heap.extend(&made, &extends);
                made
            }
            "include" | "tpl" => {
                let first = given.positional.first().cloned().unwrap_or_default();
                let dot = given.positional.get(1).cloned().unwrap_or_else(|| self.root.clone());
                look.call_function(name, &[first, dot])
            }
            name => {
                let name = library_name(name);
                let mut args = given.positional;
                args.extend(given.named.into_iter().map(|(_, value)| value));
                if !given.spread.is_empty() {
                    args.push(given.spread);
                }
                look.call_function(name, &args)
            }
        }
    }

    fn call_macros(
        &mut self,
        look: &mut Look<'a>,
        held: &Things,
        given: &Given<'a>,
        caller: Option<&Rc<Caller<'a>>>,
    ) -> Things {
        let mut found = Things::opaque();
        for thing in held.iter() {
            let Thing::Macro(index) = thing else { continue };
            let Some(called) = look.macros.get(index as usize).cloned() else { continue };
            if self.depth >= super::MAX_DEPTH {
                given
                    .positional
                    .iter()
                    .chain(given.named.iter().map(|(_, v)| v))
                    .for_each(|v| look.heap.consume(v));
                continue;
            }
            let mut frame = Frame::new(called.file, called.root.clone(), called.top.clone(), self.depth + 1);
            frame.caller = caller.cloned();
            let scope = frame.bind(look, called.params, given);
            frame.scopes.push(scope);
            frame.list(look, called.body);
            found.join(&frame.flows);
        }
        found
    }

    fn call_caller(&mut self, look: &mut Look<'a>, given: Given<'a>) -> Things {
        let Some(caller) = self.caller.clone().filter(|_| self.depth < super::MAX_DEPTH) else {
            given.positional.iter().for_each(|value| look.heap.consume(value));
            return Things::opaque();
        };
        let mut frame = Frame::new(caller.file, caller.root.clone(), caller.top.clone(), self.depth + 1);
        frame.scopes.clone_from(&caller.scopes);
        frame.caller.clone_from(&caller.outer);
        let scope = frame.bind(look, caller.params, &given);
        frame.scopes.push(scope);
        frame.list(look, caller.body);
        frame.flows.and(&Things::opaque())
    }

    /// What the parameters of a macro are.
    fn bind(&mut self, look: &mut Look<'a>, params: &'a [Param<'a>], given: &Given<'a>) -> Scope<'a> {
        let mut scope = Scope::new();
        for (at, param) in params.iter().enumerate() {
            let mut value = given.positional.get(at).cloned().unwrap_or_default();
            for (_, named) in given.named.iter().filter(|(name, _)| *name == param.name) {
                value.join(named);
            }
            value.join(&given.spread);
            if let (true, Some(default)) = (value.is_empty(), &param.default) {
                value = self.expr(look, default);
            }
            scope.insert(param.name, value);
        }
        let rest = given.positional.get(params.len()..).unwrap_or_default();
        scope.insert("varargs", Things::one(look.heap.list(rest.to_vec())));
        let others = given.named.iter().filter(|(name, _)| params.iter().all(|p| p.name != *name));
        let kwargs: Vec<(Str, Things)> =
            others.map(|(name, value)| ((*name).into(), value.clone())).collect();
        scope.insert("kwargs", Things::one(look.heap.map(kwargs)));
        scope
    }
}

fn library_name(name: &str) -> &str {
    library::ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name)
}

fn method(look: &mut Look<'_>, of: &Things, name: &str, given: Given<'_>) -> Things {
    match name {
        "get" => {
            let mut args = vec![of.clone()];
            args.extend(given.positional.iter().take(1).cloned());
            let found = look.call_function("get", &args);
            given.positional.get(1).map_or(found.clone(), |default| found.and(default))
        }
        "items" | "values" => {
            let found = look.heap.entry(of, None);
            look.heap.mark(&found);
            Things::one(look.heap.list_of(found))
        }
        "keys" => look.call_function("keys", std::slice::from_ref(of)),
        _ => {
            look.heap.consume_but(of, true);
            given.positional.iter().for_each(|arg| look.heap.consume(arg));
            Things::opaque()
        }
    }
}

fn filter(look: &mut Look<'_>, name: &str, of: Things, given: Given<'_>) -> Things {
    let named = |wanted: &str| given.named.iter().find(|(name, _)| *name == wanted).map(|(_, v)| v.clone());
    let attribute = named("attribute").or_else(|| match name {
        "selectattr" | "rejectattr" | "groupby" => given.positional.first().cloned(),
        _ => None,
    });
    let item = |look: &mut Look<'_>, attribute: &Things| {
        let of = look.heap.entry(&of, None);
        let dotted = look.heap.keys(attribute).and_then(|keys| keys.first().cloned());
        let found = match dotted {
            Some(path) => {
                path.to_text().split('.').fold(of, |at, key| look.heap.entry(&at, Some(&key.into())))
            }
            None => look.heap.entry(&of, None),
        };
        look.heap.mark(&found);
        found
    };
    match name {
        "default" | "d" => given.positional.iter().fold(of, |sum, arg| sum.and(arg)),
        "attr" => {
            let mut args = vec![of];
            args.extend(given.positional);
            look.call_function("get", &args)
        }
        "map" if attribute.is_some() => {
            let found = item(look, &attribute.unwrap_or_default());
            let found = named("default").map_or(found.clone(), |default| found.and(&default));
            Things::one(look.heap.list_of(found))
        }
        "selectattr" | "rejectattr" | "groupby" | "sort" | "unique" | "list" | "select" | "reject"
        | "batch" | "slice" | "map" | "reverse" => {
            if let Some(attribute) = &attribute {
                item(look, attribute);
            }
            of
        }
        "items" | "dictsort" => {
            let found = look.heap.entry(&of, None);
            look.heap.mark(&found);
            Things::one(look.heap.list_of(found))
        }
        "first" | "last" | "random" | "min" | "max" => {
            if let Some(attribute) = &attribute {
                item(look, attribute);
            }
            let found = look.heap.entry(&of, None);
            look.heap.mark(&found);
            found
        }
        "length" | "count" => look.call_function("len", &[of]),
        "tojson" => look.call_function("toJson", &[of]),
        _ => {
            let name = library_name(name);
            let first = look.is_collection_first(name);
            let mut args = given.positional;
            args.extend(given.named.into_iter().map(|(_, value)| value));
            if first {
                args.insert(0, of);
            } else {
                args.push(of);
            }
            look.call_function(name, &args)
        }
    }
}
