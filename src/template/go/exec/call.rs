//! Functions and methods.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use memchr::memmem;

use super::trace::place_in_tpl;
use super::{CALL_STEPS, Frame, Given, Machine, PARSE_STEPS, Result, SEARCH_BYTES};
use crate::functions::builtins::truth;
use crate::functions::{Function, FunctionError, Type};
use crate::template::go::ast::{At, Callee, Own, Span};
use crate::template::go::failure::Failure;
use crate::template::go::operand::Operand;
use crate::template::go::{Definition, ROOT_NAME, remove_no_value};
use crate::template::objects;
use crate::trace::{self, Kind};
use crate::value::print::quote;
use crate::value::{Str, Value};

/// How often Helm lets a name be included within itself (`recursionMaxNums`).
const MAX_RECURSION: usize = 1000;

/// The parameters of a function.
#[derive(Clone, Copy)]
struct Signature {
    params: &'static [Type],
    variadic: Option<Type>,
}

impl Own {
    fn signature(self) -> Signature {
        match self {
            Own::And | Own::Or | Own::Call => Signature { params: &[Type::Any], variadic: Some(Type::Any) },
            Own::Len => Signature { params: &[Type::Any], variadic: None },
            Own::Include | Own::Tpl | Own::Required => {
                Signature { params: &[Type::String, Type::Any], variadic: None }
            }
            Own::Fail => Signature { params: &[Type::String], variadic: None },
        }
    }
}

impl Machine<'_> {
    pub(super) fn call<'u>(
        &mut self,
        f: &Frame<'u>,
        dot: &Operand,
        callee: Callee,
        name: Span,
        at: At<'u>,
        given: Given<'u>,
    ) -> Result<Operand> {
        self.step(f, CALL_STEPS)?;
        match callee {
            Callee::Library(function) => self.shared_function(f, dot, function, at, given),
            Callee::Own(own) => self.own(f, dot, own, name, at, given),
        }
    }

    fn shared_function<'u>(
        &mut self,
        f: &Frame<'u>,
        dot: &Operand,
        function: &'static Function,
        at: At<'u>,
        given: Given<'u>,
    ) -> Result<Operand> {
        let signature = Signature { params: function.params, variadic: function.variadic };
        let start = self.arguments(f, dot, function.name, signature, given)?;
        let result = function.run(&self.templates.env, self.args.get(start..).unwrap_or_default());
        if self.recorded
            && let Ok(result) = &result
        {
            self.record_function(start, result);
        }
        self.args.truncate(start);
        match result {
            Ok(value) => Ok(Operand { value, interface: function.returns == Type::Any, in_place: false }),
            Err(e) => Err(self.function_failed(f, at, function.name, e)),
        }
    }

    #[cold]
    fn function_failed<'u>(&self, f: &Frame<'u>, at: At<'u>, name: &str, e: FunctionError) -> Failure {
        self.calling(f, at, name, Failure::plain(e.message).hint(e.hint))
    }

    fn own<'u>(
        &mut self,
        f: &Frame<'u>,
        dot: &Operand,
        own: Own,
        name: Span,
        at: At<'u>,
        given: Given<'u>,
    ) -> Result<Operand> {
        let name = String::from_utf8_lossy(f.unit.slice(name));
        let signature = own.signature();
        self.check_count(f, &name, signature, &given)?;
        match own {
            Own::And | Own::Or => return self.and_or(f, dot, own == Own::Or, given),
            Own::Len => return self.len(f, dot, at, given),
            _ => {}
        }
        let called = match (given.args.first(), &given.piped) {
            (Some(first), _) => At::Expr(first).show(f.unit),
            (None, Some(Operand { value: Value::String(s), .. })) => s.to_text().into_owned(),
            (None, piped) => format!("<{} Value>", piped.as_ref().map_or("invalid", Operand::type_name)),
        };
        let start = self.arguments(f, dot, &name, signature, given)?;
        let mut values = self.args.drain(start..);
        let (first, second) = (values.next().unwrap_or_default(), values.next().unwrap_or_default());
        drop(values);
        let text = match &first {
            Value::String(s) => s.clone(),
            _ => Str::EMPTY,
        };
        let result = match own {
            Own::Include => self.include(f, at, &text, second).map(|s| Operand::concrete(Value::String(s))),
            Own::Tpl => self.tpl(f, at, &text, second).map(|s| Operand::concrete(Value::String(s))),
            Own::Required => self.required(&text, second).map(Operand::interface),
            Own::Fail => self.fail_function(&text).map(Operand::concrete),
            _ => Err(Failure::plain(match &first {
                Value::Null => "call of nil".to_string(),
                other => format!("non-function {called} of type {}", other.type_name()),
            })),
        };
        result.map_err(|failure| self.calling(f, at, &name, failure))
    }

    /// `and` and `or` stop at the first argument that decides.
    fn and_or<'u>(&mut self, f: &Frame<'u>, dot: &Operand, stop: bool, given: Given<'u>) -> Result<Operand> {
        let mut value = Operand::default();
        for arg in given.args {
            value = self.argument(f, dot, Type::Any, arg)?;
            if truth(&value.value) == stop {
                return Ok(value);
            }
        }
        Ok(given.piped.unwrap_or(value))
    }

    /// `len` tells a nil of interface type from no value at all.
    fn len<'u>(&mut self, f: &Frame<'u>, dot: &Operand, at: At<'u>, given: Given<'u>) -> Result<Operand> {
        let value = match given.args.first() {
            Some(arg) => self.argument(f, dot, Type::Any, arg)?,
            None => given.piped.unwrap_or_default(),
        };
        let nil_of_interface = value.interface && matches!(value.value, Value::Null);
        let length = match crate::functions::builtins::length(&value.value) {
            _ if nil_of_interface => Err(FunctionError::new("len of nil pointer")),
            length => length,
        };
        match length {
            Ok(n) => Ok(Operand::concrete(Value::int(n as i64))),
            Err(e) => Err(self.function_failed(f, at, "len", e)),
        }
    }

    // Arguments.

    fn check_count(&self, f: &Frame<'_>, name: &str, signature: Signature, given: &Given<'_>) -> Result<()> {
        let (written, given) = (given.args.len(), given.count());
        let fixed = signature.params.len();
        if signature.variadic.is_some() {
            if given < fixed {
                let message = format!("wrong number of args for {name}: want at least {fixed} got {written}");
                return Err(self.fail(f, message));
            }
        } else if given != fixed {
            return Err(self.fail(f, format!("wrong number of args for {name}: want {fixed} got {given}")));
        }
        Ok(())
    }

    /// Evaluates the arguments onto the stack of arguments; gives where they begin.
    fn arguments<'u>(
        &mut self,
        f: &Frame<'u>,
        dot: &Operand,
        name: &str,
        signature: Signature,
        given: Given<'u>,
    ) -> Result<usize> {
        self.check_count(f, name, signature, &given)?;
        let start = self.args.len();
        let type_of = |i: usize| signature.params.get(i).copied().or(signature.variadic).unwrap_or(Type::Any);
        for (i, arg) in given.args.iter().enumerate() {
            let value = self.argument(f, dot, type_of(i), arg)?.value;
            self.args.push(value);
        }
        if let Some(piped) = given.piped {
            let value = self.validate(f, piped, type_of(given.args.len()))?.value;
            self.args.push(value);
        }
        Ok(start)
    }

    // Methods.

    pub(super) fn method<'u>(
        &mut self,
        f: &Frame<'u>,
        dot: &Operand,
        receiver: &Value,
        name: Span,
        at: At<'u>,
        given: Given<'u>,
    ) -> Result<Operand> {
        let name = String::from_utf8_lossy(f.unit.slice(name)).into_owned();
        self.step(f, CALL_STEPS)?;
        let params = objects::method_params(receiver, &name).unwrap_or(0);
        let count = given.count();
        if count != params {
            return Err(self.fail(f, format!("wrong number of args for {name}: want {params} got {count}")));
        }
        let mut values = Vec::with_capacity(params);
        for (i, arg) in given.args.iter().enumerate() {
            let ty = type_named(objects::method_param_type(receiver, &name, i));
            values.push(self.argument(f, dot, ty, arg)?.value);
        }
        if let Some(piped) = given.piped {
            let ty = type_named(objects::method_param_type(receiver, &name, given.args.len()));
            values.push(self.validate(f, piped, ty)?.value);
        }
        match objects::call_method(receiver, &name, &values) {
            Ok(value) => Ok(Operand { value, interface: name == "PathValue", in_place: false }),
            Err(e) => Err(self.calling(f, at, &name, Failure::plain(e.0))),
        }
    }

    // Helm's functions.

    fn include<'u>(&mut self, f: &Frame<'u>, at: At<'u>, name: &Str, dot: Value) -> Result<Str> {
        match self.included.entry(name.clone()) {
            Entry::Occupied(mut count) => {
                if *count.get() > MAX_RECURSION {
                    return Err(Failure::plain(format!(
                        "rendering template has a nested reference name: {name}: unable to execute template"
                    )));
                }
                *count.get_mut() += 1;
            }
            Entry::Vacant(count) => {
                count.insert(1);
            }
        }
        let called = self.recorded.then(|| self.record_call(f, at, Kind::Include(name.clone())));
        let result = match self.find(name) {
            Some(definition) => {
                f.at.set(at);
                self.check_depth(f)?;
                self.capture(&definition, dot).map(|out| self.take_text(out))
            }
            None => self.ask_peer(name, &dot),
        };
        if let (Some(called), Ok(text)) = (called, &result) {
            self.record_return(called, Some(text));
        }
        if let Some(count) = self.included.get_mut(name) {
            *count -= 1;
        }
        result.map_err(|failure| {
            self.step_out_at(f, at, failure, || format!("include {}", quote(name.as_bytes())))
        })
    }

    /// Runs a template into a buffer of its own.
    fn capture(&mut self, definition: &Definition, dot: Value) -> Result<Vec<u8>> {
        let buffer = std::mem::take(&mut self.spare);
        let outer = std::mem::replace(&mut self.out, buffer);
        self.execute(definition, Operand::concrete(dot))?;
        Ok(std::mem::replace(&mut self.out, outer))
    }

    /// Makes a string of a buffer, and keeps the buffer for the next time.
    fn take_text(&mut self, mut buffer: Vec<u8>) -> Str {
        let text = Str::from_bytes(&buffer);
        buffer.clear();
        self.spare = buffer;
        text
    }

    fn ask_peer(&mut self, name: &Str, dot: &Value) -> Result<Str> {
        if let Some(peer) = self.peer {
            self.templates.put_counters(&self.counters);
            let answer = peer.include(&name.to_text(), dot);
            self.counters = self.templates.take_counters();
            match answer {
                Some(Ok(text)) => return Ok(text),
                Some(Err(error)) => return Err(Failure::from_peer(&error)),
                None => {}
            }
        }
        let quoted = quote(name.as_bytes());
        let near = self.nearest_template(name);
        Err(Failure::plain(format!(
            "template: no template {quoted} associated with template \"{ROOT_NAME}\""
        ))
        .hint(near))
    }

    fn tpl<'u>(&mut self, f: &Frame<'u>, at: At<'u>, text: &Str, dot: Value) -> Result<Str> {
        self.step(f, text.len() as u64 / SEARCH_BYTES)?;
        if memmem::find(text.as_bytes(), b"{{").is_none() {
            return Ok(remove_no_value(text.clone()));
        }
        f.at.set(at);
        self.check_depth(f)?;
        let unit = match self.templates.parsed_tpl(text) {
            Some(unit) => Ok(unit),
            None => {
                self.step(f, text.len() as u64 * PARSE_STEPS)?;
                self.templates.parse_tpl(text)
            }
        };
        let unit = match unit {
            Ok(unit) => unit,
            Err(e) => {
                let failure = Failure::plain(format!("template: {ROOT_NAME}:{}: {}", e.line, e.message));
                let failure = failure.hint(e.hint.clone()).at(|| place_in_tpl(text, e.pos));
                return Err(self
                    .step_out_at(f, at, failure, || "tpl".into())
                    .context(format!("cannot parse template {}: ", quote(text.as_bytes()))));
            }
        };
        let Some(definition) = Definition::of(&unit, &Str::from_static(ROOT_NAME)) else {
            return Ok(Str::EMPTY);
        };
        self.layers.push(Arc::clone(&unit));
        let called = self.recorded.then(|| self.record_call(f, at, Kind::Tpl));
        let result = self.capture(&definition, dot);
        self.layers.pop();
        match result {
            Ok(out) => {
                let text = self.take_text(out);
                let shown = remove_no_value(text.clone());
                if let Some(called) = called {
                    self.record_return(called, Some(&text));
                    trace::with(|r| r.derived(&shown, &[&text]));
                }
                Ok(shown)
            }
            Err(failure) => {
                let quoted = quote(text.as_bytes());
                let failure = self.step_out_at(f, at, failure, || "tpl".into());
                Err(failure.context(format!("error during tpl function execution for {quoted}: ")))
            }
        }
    }

    fn required(&mut self, words: &Str, value: Value) -> Result<Value> {
        let missing = match &value {
            Value::Null => true,
            Value::String(s) => s.is_empty(),
            _ => false,
        };
        if !missing {
            return Ok(value);
        }
        if self.templates.env.lint {
            self.templates.env.warn(format!("missing required value: {words}"));
            return Ok(Value::from(""));
        }
        Err(Failure::author(&words.to_text()))
    }

    fn fail_function(&mut self, words: &Str) -> Result<Value> {
        if self.templates.env.lint {
            self.templates.env.warn(format!("fail: {words}"));
            return Ok(Value::from(""));
        }
        Err(Failure::author(&words.to_text()))
    }
}

/// The type of a method's parameter by Go's name.
fn type_named(name: &'static str) -> Type {
    match name {
        "interface {}" => Type::Any,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "int64" => Type::Int64,
        "float64" => Type::Float64,
        "string" => Type::String,
        "[]uint8" => Type::Bytes,
        "[]interface {}" => Type::List,
        "[]string" => Type::Strings,
        "map[string]interface {}" => Type::Dict,
        other => Type::Other(other),
    }
}
