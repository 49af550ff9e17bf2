//! The bridge between Torii's values and minijinja's. Maps and lists cross by reference count: the shared
//! cell itself is minijinja's object, so what one language changes the other sees.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Tuple, Value as Jinja, ValueKind};
use minijinja::{Error, State};

use super::fail;
use super::methods;
use super::ops;
use super::output;
use crate::value::{self, Elem, Int, IntKind, List, ListCell, Map, MapCell, MapType, Str, Value};

/// Levels of containers that a conversion or comparison follows before it gives up.
pub(super) const MAX_DEPTH: usize = 200;

thread_local! {
    /// The last key that a map did not have: only to word an error about an undefined value.
    static LAST_MISS: RefCell<Option<Miss>> = const { RefCell::new(None) };
}

/// A lookup of a key that the map does not have.
#[derive(Clone)]
pub(super) struct Miss {
    pub key: String,
    pub map: Map,
}

/// Takes the last lookup of a missing key.
pub(super) fn take_miss() -> Option<Miss> {
    LAST_MISS.with(|miss| miss.borrow_mut().take())
}

fn record_miss(key: &str, map: &Arc<MapCell>) {
    LAST_MISS.with(|miss| {
        let mut miss = miss.borrow_mut();
        match miss.as_mut() {
            Some(old) => {
                key.clone_into(&mut old.key);
                old.map = Map::of_cell(map.clone());
            }
            None => *miss = Some(Miss { key: key.to_string(), map: Map::of_cell(map.clone()) }),
        }
    });
}

/// A value of Torii's model as Jinja sees it. Whole numbers are integers, however the model holds them.
pub(super) fn to_jinja(value: &Value) -> Jinja {
    match value {
        Value::Null | Value::TypedNil(_) => Jinja::from(()),
        Value::Bool(b) => Jinja::from(*b),
        Value::Int(i) if i.kind().is_unsigned() => Jinja::from(i.as_u64()),
        Value::Int(i) => Jinja::from(i.as_i64()),
        Value::Float(f) => whole(*f).map_or_else(|| Jinja::from(*f), Jinja::from),
        Value::String(s) => string_to_jinja(s),
        Value::Bytes(b) => Jinja::from_bytes(b.to_vec()),
        Value::List(l) => list_to_jinja(l),
        Value::Map(m) => map_to_jinja(m),
        Value::Object(o) => match o.as_any().downcast_ref::<Foreign>() {
            Some(foreign) => foreign.0.clone(),
            None => Jinja::from_object(Bridge(o.clone())),
        },
    }
}

/// The integer that a float is, if it is one that an `i64` holds.
fn whole(f: f64) -> Option<i64> {
    (f.fract() == 0.0 && f.abs() < 9.2e18).then_some(f as i64)
}

pub(super) fn map_to_jinja(map: &Map) -> Jinja {
    Jinja::from_dyn_object(map.cell().clone())
}

pub(super) fn list_to_jinja(list: &List) -> Jinja {
    Jinja::from_dyn_object(list.cell().clone())
}

fn string_to_jinja(s: &Str) -> Jinja {
    match s.as_str() {
        Some(text) if text.len() <= 22 => Jinja::from(text),
        Some(_) => Jinja::from(s.to_arc()),
        None => Jinja::from_bytes(s.as_bytes().to_vec()),
    }
}

/// A new Jinja list.
pub(super) fn new_list(items: impl IntoIterator<Item = Jinja>) -> Jinja {
    let items: Vec<Value> = items.into_iter().map(|v| store(&v)).collect();
    // Too much is noticed by the next operation that counts, and when the operation is charged.
    let _ = ops::making(items.len());
    list_to_jinja(&List::new(Elem::Any, items))
}

/// The list behind a Jinja value, if it is a shared one.
pub(super) fn as_list(value: &Jinja) -> Option<List> {
    value.downcast_object::<ListCell>().map(List::of_cell)
}

/// The map behind a Jinja value, if it is a shared one.
pub(super) fn as_map(value: &Jinja) -> Option<Map> {
    value.downcast_object::<MapCell>().map(Map::of_cell)
}

/// A Jinja value as an item of a shared list or map. What Torii's model cannot tell apart (a tuple, a
/// macro, an undefined value, a float without a fraction) is kept as it is.
pub(super) fn store(value: &Jinja) -> Value {
    match value.kind() {
        ValueKind::None => Value::Null,
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => match value.as_i64() {
            Some(n) => Value::int(n),
            None => foreign(value),
        },
        ValueKind::Number => match f64::try_from(value.clone()) {
            Ok(f) if whole(f).is_none() => Value::Float(f),
            _ => foreign(value),
        },
        ValueKind::String if !value.is_safe() => Value::String(to_str(value)),
        ValueKind::Bytes => Value::String(Str::from_bytes(value.as_bytes().unwrap_or_default())),
        ValueKind::Seq | ValueKind::Map | ValueKind::Plain => {
            if let Some(list) = as_list(value) {
                Value::List(list)
            } else if let Some(map) = as_map(value) {
                Value::Map(map)
            } else if let Some(bridge) = value.downcast_object_ref::<Bridge>() {
                Value::Object(bridge.0.clone())
            } else {
                foreign(value)
            }
        }
        _ => foreign(value),
    }
}

fn foreign(value: &Jinja) -> Value {
    Value::Object(Arc::new(Foreign(value.clone())))
}

fn to_str(value: &Jinja) -> Str {
    match value.as_str() {
        Some(text) if text.len() <= 22 => Str::from(text),
        _ => value.to_str().map_or(Str::EMPTY, Str::from),
    }
}

/// A Jinja value as plain data of Torii's model, for the functions both languages share. Shared maps and
/// lists stay the same maps and lists.
///
/// # Errors
/// For undefined values, macros and other things that are not data; for data nested too deep.
pub(super) fn to_torii(value: &Jinja) -> Result<Value, Error> {
    plain(value, 0)
}

fn plain(value: &Jinja, depth: usize) -> Result<Value, Error> {
    if depth > MAX_DEPTH {
        return Err(fail(format!("data is nested deeper than {MAX_DEPTH} levels")));
    }
    Ok(match value.kind() {
        ValueKind::Undefined => return Err(super::undefined()),
        ValueKind::None => Value::Null,
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => integer(value)?,
        ValueKind::Number => Value::Float(f64::try_from(value.clone()).unwrap_or(f64::NAN)),
        ValueKind::String => Value::String(to_str(value)),
        ValueKind::Bytes => Value::String(Str::from_bytes(value.as_bytes().unwrap_or_default())),
        ValueKind::Seq | ValueKind::Iterable => match as_list(value) {
            Some(list) => plain_list(&list, depth)?,
            None => {
                let mut items = Vec::new();
                for item in value.try_iter()?.checked() {
                    items.push(plain(&item?, depth + 1)?);
                }
                Value::list(items)
            }
        },
        ValueKind::Map | ValueKind::Plain => {
            if let Some(map) = as_map(value) {
                return Ok(Value::Map(map));
            }
            if let Some(bridge) = value.downcast_object_ref::<Bridge>() {
                return Ok(Value::Object(bridge.0.clone()));
            }
            if value.kind() == ValueKind::Plain || value.downcast_object_ref::<minijinja::Error>().is_some() {
                return Err(fail(format!("{} is not data", output::describe(value))));
            }
            let map = Map::new(MapType::Any);
            for key in value.try_iter()?.checked() {
                let key = key?;
                let item = value.get_item(&key)?;
                map.insert(output::text(&key)?, plain(&item, depth + 1)?);
            }
            Value::Map(map)
        }
        _ => return Err(fail(format!("{} is not data", output::describe(value)))),
    })
}

/// A shared list stays itself unless it holds things that only Jinja knows, which become plain data.
fn plain_list(list: &List, depth: usize) -> Result<Value, Error> {
    let special = list.read().iter().any(is_foreign);
    if !special {
        return Ok(Value::List(list.clone()));
    }
    let mut items = Vec::new();
    for item in list.items() {
        items.push(if is_foreign(&item) { plain(&to_jinja(&item), depth + 1)? } else { item });
    }
    Ok(Value::list(items))
}

fn is_foreign(value: &Value) -> bool {
    matches!(value, Value::Object(o) if o.as_any().is::<Foreign>())
}

fn integer(value: &Jinja) -> Result<Value, Error> {
    if let Some(n) = value.as_i64() {
        return Ok(Value::int(n));
    }
    if let Ok(n) = u64::try_from(value.clone()) {
        return Ok(Value::Int(Int::new(n as i64, IntKind::Uint64)));
    }
    Err(fail(format!("the integer {value} is too large for this function")))
}

/// Something of Jinja's own inside a shared list or map.
#[derive(Debug)]
pub(super) struct Foreign(pub Jinja);

impl value::Object for Foreign {
    fn type_name(&self) -> &str {
        match self.0.kind() {
            ValueKind::Number => "float64",
            ValueKind::String => "string",
            _ => "interface {}",
        }
    }

    fn kind(&self) -> value::Kind {
        match self.0.kind() {
            ValueKind::Number => value::Kind::Float64,
            ValueKind::String => value::Kind::String,
            ValueKind::Seq | ValueKind::Iterable => value::Kind::Slice,
            _ => value::Kind::Interface,
        }
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn has_method(&self, _: &str) -> bool {
        false
    }

    fn call(&self, name: &str, _: &[Value]) -> Result<Value, value::ObjectError> {
        Err(value::ObjectError(format!("no method {name}")))
    }

    fn method_params(&self, _: &str) -> usize {
        0
    }

    fn print(&self) -> String {
        output::text(&self.0).unwrap_or_default()
    }

    fn to_plain(&self) -> Value {
        to_torii(&self.0).unwrap_or_default()
    }

    fn as_container(&self) -> Option<Value> {
        match to_torii(&self.0) {
            Ok(v @ (Value::List(_) | Value::Map(_))) => Some(v),
            _ => None,
        }
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

impl Object for MapCell {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let found = match key.as_bytes() {
            Some(key) => Map::of_cell(self.clone()).get(key),
            None => None,
        };
        if found.is_none() {
            record_miss(key.as_str().unwrap_or_default(), self);
        }
        found.as_ref().map(to_jinja)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Jinja> {
        match Map::of_cell(self.clone()).get(key) {
            Some(found) => Some(to_jinja(&found)),
            None => {
                record_miss(key, self);
                None
            }
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(Map::of_cell(self.clone()).read().keys().map(string_to_jinja).collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(Map::of_cell(self.clone()).len())
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State<'_, '_>,
        method: &str,
        args: &[Jinja],
    ) -> Result<Jinja, Error> {
        let result = methods::of_map(state, &Map::of_cell(self.clone()), method, args);
        ops::charge(state, result)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&output::flow(&Jinja::from_dyn_object(self.clone())).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for MapCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("map")
    }
}

impl Object for ListCell {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let item = List::of_cell(self.clone()).get(key.as_usize()?)?;
        Some(to_jinja(&item))
    }

    fn get_value_by_str(self: &Arc<Self>, _: &str) -> Option<Jinja> {
        None
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(List::of_cell(self.clone()).read().iter().map(to_jinja).collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(List::of_cell(self.clone()).len())
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State<'_, '_>,
        method: &str,
        args: &[Jinja],
    ) -> Result<Jinja, Error> {
        let result = methods::of_list(state, &List::of_cell(self.clone()), method, args);
        ops::charge(state, result)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&output::flow(&Jinja::from_dyn_object(self.clone())).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for ListCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("list")
    }
}

/// An object of Torii's model (`Files`, `Capabilities`, a time): its fields are attributes, its methods
/// can be called.
#[derive(Debug)]
pub(super) struct Bridge(pub Arc<dyn value::Object>);

impl Bridge {
    fn container(&self) -> Option<Jinja> {
        self.0.as_container().as_ref().map(to_jinja)
    }

    fn get(&self, name: &str) -> Option<Jinja> {
        if let Some(field) = self.0.field(name) {
            return Some(to_jinja(&field));
        }
        if self.0.has_method(name) {
            // As in Go, where a method is called without parentheses.
            if self.0.method_params(name) == 0
                && let Ok(value) = self.0.call(name, &[])
            {
                return Some(to_jinja(&value));
            }
            return Some(Jinja::from_object(BoundMethod { object: self.0.clone(), name: name.to_string() }));
        }
        None
    }
}

impl Object for Bridge {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match self.0.as_container() {
            Some(Value::List(_)) => ObjectRepr::Seq,
            Some(Value::Map(_)) => ObjectRepr::Map,
            _ if self.0.fields().is_empty() => ObjectRepr::Plain,
            _ => ObjectRepr::Map,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        match key.as_str() {
            Some(name) => self.get(name).or_else(|| {
                self.container().and_then(|c| c.get_item(key).ok().filter(|v| !v.is_undefined()))
            }),
            None => self.container().and_then(|c| c.get_item(key).ok().filter(|v| !v.is_undefined())),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.container() {
            Some(container) => match container.try_iter() {
                Ok(items) => Enumerator::Values(items.collect()),
                Err(_) => Enumerator::NonEnumerable,
            },
            None if self.0.fields().is_empty() => Enumerator::NonEnumerable,
            None => Enumerator::Values(self.0.fields().into_iter().map(Jinja::from).collect()),
        }
    }

    fn is_true(self: &Arc<Self>) -> bool {
        !self.0.is_nil() && self.container().is_none_or(|c| c.is_true())
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State<'_, '_>,
        method: &str,
        args: &[Jinja],
    ) -> Result<Jinja, Error> {
        if self.0.has_method(method) {
            return call_method(&self.0, method, args);
        }
        match self.container() {
            Some(container) => container.call_method(state, method, args),
            None => Err(fail(format!("{} has no method `{method}`", self.0.type_name()))),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.print())
    }
}

/// A method with parameters, taken from its object without being called.
#[derive(Debug)]
pub(super) struct BoundMethod {
    object: Arc<dyn value::Object>,
    name: String,
}

impl Object for BoundMethod {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Jinja]) -> Result<Jinja, Error> {
        call_method(&self.object, &self.name, args)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<method {}>", self.name)
    }
}

impl BoundMethod {
    /// The error of printing one: it was most likely meant to be called.
    pub fn printed(&self) -> Error {
        let name = &self.name;
        let error = fail(format!("`{name}` is a method of {}", self.object.type_name()));
        super::errors::with_hint(error, format!("call it: `.{name}(…)`"))
    }
}

fn call_method(object: &Arc<dyn value::Object>, name: &str, args: &[Jinja]) -> Result<Jinja, Error> {
    let wanted = object.method_params(name);
    if args.len() != wanted || args.last().is_some_and(Jinja::is_kwargs) {
        return Err(fail(format!(
            "{name} takes {wanted} argument{}, without names; got {}",
            if wanted == 1 { "" } else { "s" },
            args.len()
        )));
    }
    let args = args.iter().map(to_torii).collect::<Result<Vec<_>, _>>()?;
    object.call(name, &args).map(|v| to_jinja(&v)).map_err(|e| fail(e.0))
}

/// A tuple of Jinja values.
pub(super) fn tuple(items: Vec<Jinja>) -> Jinja {
    Jinja::from(Tuple::from(items))
}
