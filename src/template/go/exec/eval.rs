//! Pipelines, fields and arguments.

use super::{FIELD_STEPS, Frame, Given, Machine, Result};
use crate::functions::Type;
use crate::template::go::ast::{At, Command, Expr, Names, Pipe, Span, Symbol};
use crate::template::go::number::Number;
use crate::template::go::operand::{Operand, can_be_nil, is_assignable, nil, zero_entry};
use crate::template::objects;
use crate::value::print::quote;
use crate::value::{Int, IntKind, Kind, MapType, Value};

/// Whether the entries of such a map are of static type `interface {}`.
pub(super) fn has_interface_entries(map_type: MapType) -> bool {
    match map_type {
        MapType::Any | MapType::Values => true,
        MapType::String => false,
        MapType::Other(name) => name.ends_with("]interface {}"),
    }
}

impl Machine<'_> {
    pub(super) fn pipeline<'u>(&mut self, f: &Frame<'u>, dot: &Operand, pipe: &'u Pipe) -> Result<Operand> {
        f.at.set(At::Pipe(pipe));
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(f, dot, command, value)?.strip());
        }
        let value = value.unwrap_or_default();
        for (symbol, _) in &pipe.variables {
            if pipe.assign {
                self.assign(f, *symbol, value.clone())?;
            } else {
                self.variables.push((*symbol, value.clone()));
            }
        }
        Ok(value)
    }

    fn command<'u>(
        &mut self,
        f: &Frame<'u>,
        dot: &Operand,
        command: &'u Command,
        piped: Option<Operand>,
    ) -> Result<Operand> {
        let Some(word) = command.args.first() else { return Ok(Operand::default()) };
        let given = Given { args: &command.args[1..], piped };
        match word {
            Expr::Field { names, .. } => {
                f.at.set(At::Expr(word));
                self.chain(f, dot, dot, word, *names, given)
            }
            Expr::Chain { base, names, .. } => self.chained(f, dot, word, base, *names, given),
            Expr::Function { callee, name, .. } => {
                f.at.set(At::Expr(word));
                self.call(f, dot, *callee, *name, At::Command(command), given)
            }
            Expr::Pipe(pipe) => {
                self.not_a_function(f, word, &given)?;
                self.pipeline(f, dot, pipe)
            }
            Expr::Variable { .. } => self.variable(f, dot, word, given),
            _ => {
                f.at.set(At::Expr(word));
                self.not_a_function(f, word, &given)?;
                match word {
                    Expr::Bool { value, .. } => Ok(Operand::concrete(Value::Bool(*value))),
                    Expr::Dot { .. } => Ok(dot.clone()),
                    Expr::Number { index, .. } => self.ideal(f, word, *index),
                    Expr::String { index, .. } => Ok(Operand::concrete(literal(f, *index))),
                    _ => Err(self.fail(f, "nil is not a command".into())),
                }
            }
        }
    }

    fn not_a_function<'u>(&self, f: &Frame<'u>, word: &'u Expr, given: &Given<'u>) -> Result<()> {
        if given.count() == 0 {
            return Ok(());
        }
        Err(self.fail(f, format!("can't give argument to non-function {}", At::Expr(word).show(f.unit))))
    }

    // Variables.

    pub(super) fn assign(&mut self, f: &Frame<'_>, symbol: Symbol, value: Operand) -> Result<()> {
        let own = self.variables.get_mut(f.base..).unwrap_or_default();
        if let Some((_, slot)) = own.iter_mut().rev().find(|(s, _)| *s == symbol) {
            *slot = value;
            return Ok(());
        }
        Err(self.undefined(f, symbol))
    }

    fn undefined(&self, f: &Frame<'_>, symbol: Symbol) -> crate::template::go::failure::Failure {
        let name = f.unit.symbols.get(symbol as usize).map_or_else(Default::default, |s| f.unit.slice(*s));
        self.fail(f, format!("undefined variable: {}", String::from_utf8_lossy(name)))
    }

    fn variable<'u>(
        &mut self,
        f: &Frame<'u>,
        dot: &Operand,
        word: &'u Expr,
        given: Given<'u>,
    ) -> Result<Operand> {
        let Expr::Variable { symbol, names, .. } = word else { return Ok(Operand::default()) };
        f.at.set(At::Expr(word));
        let own = self.variables.get(f.base..).unwrap_or_default();
        let Some(at) = own.iter().rposition(|(s, _)| s == symbol) else {
            return Err(self.undefined(f, *symbol));
        };
        let scanned = (own.len() - at) as u64 / 12;
        let value = own.get(at).map(|(_, value)| value.clone()).unwrap_or_default();
        if self.recorded {
            self.record_variable(f.base + at);
        }
        self.step(f, scanned)?;
        if names.count == 0 {
            self.not_a_function(f, word, &given)?;
            return Ok(value);
        }
        self.chain(f, dot, &value, word, *names, given)
    }

    // Fields.

    fn chained<'u>(
        &mut self,
        f: &Frame<'u>,
        dot: &Operand,
        word: &'u Expr,
        base: &'u Expr,
        names: Names,
        given: Given<'u>,
    ) -> Result<Operand> {
        f.at.set(At::Expr(word));
        let receiver = self.operand(f, dot, base)?;
        self.chain(f, dot, &receiver, word, names, given)
    }

    /// `.a.b.c` of a value; the last field may be a method with arguments.
    fn chain<'u>(
        &mut self,
        f: &Frame<'u>,
        dot: &Operand,
        receiver: &Operand,
        word: &'u Expr,
        names: Names,
        mut given: Given<'u>,
    ) -> Result<Operand> {
        let spans = f.unit.names(names);
        self.step(f, FIELD_STEPS * spans.len() as u64)?;
        let mut current: Option<Operand> = None;
        for (i, &span) in spans.iter().enumerate() {
            let is_last = i + 1 == spans.len();
            let given = if is_last { std::mem::take(&mut given) } else { Given::default() };
            let from = current.as_ref().unwrap_or(receiver);
            let next = self.field(f, dot, from, span, word, given);
            current = Some(match next {
                Ok(next) => next,
                Err(failure) => {
                    let hint = self.explain(f, receiver, word, spans, i);
                    return Err(failure.hint(hint));
                }
            });
        }
        Ok(current.unwrap_or_default())
    }

    fn field<'u>(
        &mut self,
        f: &Frame<'u>,
        dot: &Operand,
        from: &Operand,
        span: Span,
        word: &'u Expr,
        given: Given<'u>,
    ) -> Result<Operand> {
        let name = f.unit.slice(span);
        let shown = || String::from_utf8_lossy(name);
        if matches!(from.value, Value::Null) {
            if from.interface {
                return Err(self.fail(f, format!("nil pointer evaluating interface {{}}.{}", shown())));
            }
            if self.templates.env.strict {
                return Err(self.fail(f, format!("nil data; no entry for key {}", quote(name))));
            }
            return Ok(Operand::default());
        }
        if !matches!(&from.value, Value::Map(m) if m.map_type() == MapType::Any)
            && std::str::from_utf8(name).is_ok_and(|name| objects::method_params(&from.value, name).is_some())
        {
            return self.method(f, dot, &from.value, span, At::Expr(word), given);
        }
        let has_args = given.count() > 0;
        match &from.value {
            Value::Map(map) => {
                if has_args {
                    return Err(self.fail(f, format!("{} is not a method but has arguments", shown())));
                }
                match map.get(name) {
                    Some(value) => {
                        let interface = has_interface_entries(map.map_type());
                        Ok(Operand { value, interface, in_place: false })
                    }
                    None if self.templates.env.strict => {
                        let near = map.keys();
                        let near = near.iter().filter_map(|k| k.as_str());
                        let hint = std::str::from_utf8(name)
                            .ok()
                            .and_then(|name| crate::diagnostic::nearest(name, near))
                            .map(|near| format!("did you mean `{near}`?"));
                        Err(self.fail(f, format!("map has no entry for key {}", quote(name))).hint(hint))
                    }
                    None => Ok(zero_entry(map.map_type())),
                }
            }
            Value::TypedNil(nil) if nil.kind == Kind::Map => {
                if has_args {
                    return Err(self.fail(f, format!("{} is not a method but has arguments", shown())));
                }
                if self.templates.env.strict {
                    return Err(self.fail(f, format!("map has no entry for key {}", quote(name))));
                }
                Ok(zero_entry(match nil.name {
                    "map[string]interface {}" => MapType::Any,
                    "map[string]string" => MapType::String,
                    other => MapType::Other(other),
                }))
            }
            Value::TypedNil(nil) if nil.kind == Kind::Ptr => {
                let message = format!("nil pointer evaluating {}.{}", from.type_name(), shown());
                Err(self.fail(f, message))
            }
            Value::Object(object) => {
                let field = std::str::from_utf8(name).ok().and_then(|name| object.field(name));
                match (field, object.kind()) {
                    (Some(_), Kind::Map) if has_args => {
                        Err(self.fail(f, format!("{} is not a method but has arguments", shown())))
                    }
                    (Some(value), Kind::Map) => Ok(Operand::concrete(value)),
                    (Some(_), _) if object.is_nil() => {
                        let message = format!("nil pointer evaluating {}.{}", from.type_name(), shown());
                        Err(self.fail(f, message))
                    }
                    (Some(_), _) if name.first().is_some_and(u8::is_ascii_lowercase) => {
                        let ty = from.type_name();
                        Err(self.fail(f, format!("{} is an unexported field of struct type {ty}", shown())))
                    }
                    (Some(_), _) if has_args => {
                        Err(self
                            .fail(f, format!("{} has arguments but cannot be invoked as function", shown())))
                    }
                    (Some(value), _) => Ok(Operand { value, interface: false, in_place: true }),
                    (None, _) => Err(self.no_field(f, from, name)),
                }
            }
            _ => Err(self.no_field(f, from, name)),
        }
    }

    #[cold]
    fn no_field(&self, f: &Frame<'_>, from: &Operand, name: &[u8]) -> crate::template::go::failure::Failure {
        let name = String::from_utf8_lossy(name);
        self.fail(f, format!("can't evaluate field {name} in type {}", from.type_name()))
    }

    // Arguments.

    /// An argument of a given type (`evalArg`).
    pub(super) fn argument<'u>(
        &mut self,
        f: &Frame<'u>,
        dot: &Operand,
        ty: Type,
        e: &'u Expr,
    ) -> Result<Operand> {
        match e {
            Expr::Nil { .. } => {
                f.at.set(At::Expr(e));
                if can_be_nil(ty) {
                    return Ok(Operand::concrete(nil(ty)));
                }
                Err(self.fail(f, format!("cannot assign nil to {}", ty.name())))
            }
            Expr::Bool { .. } | Expr::Number { .. } | Expr::String { .. } if ty != Type::Any => {
                f.at.set(At::Expr(e));
                self.constant(f, ty, e).map(Operand::concrete)
            }
            _ => {
                let value = self.operand(f, dot, e)?;
                self.validate(f, value, ty)
            }
        }
    }

    /// An argument of any type.
    fn operand<'u>(&mut self, f: &Frame<'u>, dot: &Operand, e: &'u Expr) -> Result<Operand> {
        if let Expr::Pipe(pipe) = e {
            self.step(f, 1)?;
            self.nested(f)?;
            return self.pipeline(f, dot, pipe);
        }
        f.at.set(At::Expr(e));
        match e {
            Expr::Dot { .. } => Ok(dot.clone()),
            Expr::Field { names, .. } => self.chain(f, dot, dot, e, *names, Given::default()),
            Expr::Variable { .. } => self.variable(f, dot, e, Given::default()),
            Expr::Function { callee, name, .. } => {
                self.call(f, dot, *callee, *name, At::Expr(e), Given::default())
            }
            Expr::Chain { base, names, .. } => self.chained(f, dot, e, base, *names, Given::default()),
            Expr::Bool { value, .. } => Ok(Operand::concrete(Value::Bool(*value))),
            Expr::Number { index, .. } => self.ideal(f, e, *index),
            Expr::String { index, .. } => Ok(Operand::concrete(literal(f, *index))),
            Expr::Nil { .. } | Expr::Pipe(_) => Ok(Operand::default()),
        }
    }

    /// A literal for a parameter of a given type (`evalString`, `evalInteger`, …).
    fn constant<'u>(&mut self, f: &Frame<'u>, ty: Type, e: &'u Expr) -> Result<Value> {
        let number = match e {
            Expr::Number { index, .. } => number(f, *index),
            _ => Number::default(),
        };
        let wanted = match (ty, e) {
            (Type::Bool, Expr::Bool { value, .. }) => return Ok(Value::Bool(*value)),
            (Type::String, Expr::String { index, .. }) => return Ok(literal(f, *index)),
            (Type::Bool, _) => "bool",
            (Type::String, _) => "string",
            (Type::Int | Type::Int64, _) => match number.int {
                Some(n) if ty == Type::Int => return Ok(Value::int(n)),
                Some(n) => return Ok(Value::int64(n)),
                None => "integer",
            },
            // The only unsigned parameter of the library: the counter of `derivePassword`.
            (Type::Other("uint32"), _) => match number.uint {
                Some(n) => return Ok(Value::Int(Int::new(i64::from(n as u32), IntKind::Uint32))),
                None => "unsigned integer",
            },
            (Type::Float64, _) => match number.float {
                Some(n) => return Ok(Value::Float(n)),
                None => "float",
            },
            _ => {
                let shown = At::Expr(e).show(f.unit);
                return Err(self.fail(f, format!("can't handle {shown} for arg of type {}", ty.name())));
            }
        };
        let shown = At::Expr(e).show(f.unit);
        Err(self.fail(f, format!("expected {wanted}; found {shown}")))
    }

    /// A number whose type only its own form tells (`idealConstant`).
    fn ideal<'u>(&mut self, f: &Frame<'u>, e: &'u Expr, index: u32) -> Result<Operand> {
        let text = f.unit.numbers.get(index as usize).map_or(&[][..], |(span, _)| f.unit.slice(*span));
        let number = number(f, index);
        if let Some(c) = number.complex {
            return Ok(Operand::concrete(Value::Object(std::sync::Arc::new(c))));
        }
        let is_rune = text.first() == Some(&b'\'');
        let has_p = text.iter().any(|b| matches!(b, b'p' | b'P'));
        let is_hex = matches!(text, [b'0', b'x' | b'X', _, ..]) && !has_p;
        let looks_float = text.iter().any(|b| matches!(b, b'.' | b'e' | b'E' | b'p' | b'P'));
        match (number.float, number.int) {
            (Some(float), _) if !is_hex && !is_rune && looks_float => {
                Ok(Operand::concrete(Value::Float(float)))
            }
            (_, Some(int)) => Ok(Operand::concrete(Value::int(int))),
            _ => {
                f.at.set(At::Expr(e));
                Err(self.fail(f, format!("{} overflows int", String::from_utf8_lossy(text))))
            }
        }
    }

    /// Makes sure that a value fits a parameter (`validateType`).
    pub(super) fn validate(&self, f: &Frame<'_>, value: Operand, ty: Type) -> Result<Operand> {
        if value.is_invalid() {
            if can_be_nil(ty) {
                return Ok(Operand::concrete(nil(ty)));
            }
            return Err(self.fail(f, format!("invalid value; expected {}", ty.name())));
        }
        if is_assignable(&value.value, ty) {
            // The function sees its own type: Go converts a named map type.
            return Ok(match &value.value {
                Value::Map(map) if ty == Type::Dict && map.map_type() == MapType::Values => {
                    Operand::concrete(Value::Map(map.viewed_as(MapType::Any)))
                }
                _ => value,
            });
        }
        let got = if matches!(value.value, Value::Null) { "interface {}" } else { value.value.type_name() };
        if got.strip_prefix('*') == Some(ty.name()) {
            return Ok(value);
        }
        Err(self.fail(f, format!("wrong type for value; expected {}; got {got}", ty.name())))
    }
}

fn literal(f: &Frame<'_>, index: u32) -> Value {
    f.unit.strings.get(index as usize).map(|literal| literal.value.clone()).unwrap_or_default()
}

fn number(f: &Frame<'_>, index: u32) -> Number {
    f.unit.numbers.get(index as usize).map(|(_, number)| *number).unwrap_or_default()
}
