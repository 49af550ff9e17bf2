//! Writing TOML as `BurntSushi/toml` v1.6 does: plain values before tables, two spaces a level, a blank line
//! before tables of the first level and before each table of an array.

use super::{key_text, quoted};
use crate::functions::{Env, FunctionError};
use crate::value::{Kind, Object, Str, Value, number};

/// Levels of nesting: any file is far below, and a map that contains itself is not.
const MAX_DEPTH: usize = 300;

/// Values looked at in one call: shared lists can mean more than memory holds.
const MAX_VALUES: usize = 20_000_000;

/// Why there is no TOML.
pub(super) enum EncodeError {
    /// The encoder says so; `toToml` returns the words as its value.
    Toml(String),
    /// The function fails: a panic in Go, or a limit.
    Fatal(FunctionError),
}

impl From<FunctionError> for EncodeError {
    fn from(error: FunctionError) -> EncodeError {
        EncodeError::Fatal(error)
    }
}

type Done = Result<(), EncodeError>;

/// What TOML makes of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TomlType {
    Nil,
    Plain,
    Table,
    ArrayOfTables,
}

/// Writes a value.
pub(super) fn encode(env: &Env, value: &Value) -> Result<Vec<u8>, EncodeError> {
    if matches!(value, Value::Null) {
        let message = "reflect: call of reflect.Value.Type on zero Value";
        return Err(FunctionError::new(message).into());
    }
    let mut encoder = Encoder { env, out: Vec::new(), values: 0 };
    encoder.encode(&mut Vec::new(), value)?;
    Ok(encoder.out)
}

struct Encoder<'e> {
    env: &'e Env,
    out: Vec<u8>,
    values: usize,
}

/// The fields of a struct or the entries of a map, in the order in which they are written.
struct Entries {
    direct: Vec<(Str, Value)>,
    tables: Vec<(Str, Value)>,
}

/// A list's items, or the bytes of a `[]uint8` as numbers.
fn items(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(list) => Some(list.items()),
        Value::Bytes(bytes) => Some(bytes.iter().map(|b| Value::uint8(*b)).collect()),
        Value::Object(o) if o.kind() == Kind::Slice => items(&o.as_container()?),
        _ => None,
    }
}

/// Whether Go's type writes itself as text.
fn marshals_text(object: &dyn Object) -> bool {
    object.has_method("MarshalText")
}

impl Encoder<'_> {
    fn write(&mut self, bytes: &[u8]) -> Done {
        self.env.check_growth("toToml", self.out.len() + bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn newline(&mut self) -> Done {
        if self.out.is_empty() { Ok(()) } else { self.write(b"\n") }
    }

    /// Counts a value that is looked at, this deep.
    fn enter(&mut self, depth: usize) -> Done {
        self.values += 1;
        self.env.step("toToml", 2)?;
        if depth > MAX_DEPTH {
            let message = format!("toToml: the value is nested deeper than {MAX_DEPTH} levels");
            return Err(FunctionError::new(message).into());
        }
        if self.values > MAX_VALUES {
            let message = format!("toToml: more than {MAX_VALUES} values in one call");
            return Err(FunctionError::new(message).into());
        }
        Ok(())
    }

    /// What TOML makes of a value (`tomlTypeOfGo`).
    fn type_of(&mut self, value: &Value, depth: usize) -> Result<TomlType, EncodeError> {
        self.enter(depth)?;
        if let Some(items) = items(value) {
            let mut all_tables = !items.is_empty();
            for item in &items {
                match self.type_of(item, depth + 1)? {
                    TomlType::Nil => {
                        let message = "toml: cannot encode array with nil element";
                        return Err(EncodeError::Toml(message.to_string()));
                    }
                    TomlType::Table => {}
                    _ => all_tables = false,
                }
            }
            return Ok(if all_tables { TomlType::ArrayOfTables } else { TomlType::Plain });
        }
        Ok(match value {
            Value::Map(_) => TomlType::Table,
            Value::Object(o) if o.is_nil() => TomlType::Nil,
            Value::Object(o) if marshals_text(o.as_ref()) => TomlType::Plain,
            Value::Object(o) => match o.kind() {
                Kind::Map | Kind::Struct | Kind::Ptr => TomlType::Table,
                kind @ (Kind::Complex128 | Kind::Func) => {
                    return Err(EncodeError::Toml(format!("unsupported type: {}", kind.name())));
                }
                _ => TomlType::Plain,
            },
            Value::Null | Value::TypedNil(_) => TomlType::Nil,
            _ => TomlType::Plain,
        })
    }

    fn encode(&mut self, key: &mut Vec<Str>, value: &Value) -> Done {
        match self.type_of(value, key.len())? {
            TomlType::Nil => Ok(()),
            TomlType::Plain => self.write_key_value(key, value, false),
            TomlType::ArrayOfTables => self.write_array_of_tables(key, value),
            TomlType::Table => {
                if key.len() == 1 {
                    self.newline()?;
                }
                if !key.is_empty() {
                    let head = format!("{}[", indent(key));
                    self.write(head.as_bytes())?;
                    self.write(&dotted(key))?;
                    self.write(b"]")?;
                    self.newline()?;
                }
                self.write_table(key, value)
            }
        }
    }

    fn write_array_of_tables(&mut self, key: &mut Vec<Str>, value: &Value) -> Done {
        if key.is_empty() {
            let message = "toml: top-level values must be Go maps or structs";
            return Err(EncodeError::Toml(message.to_string()));
        }
        for item in items(value).unwrap_or_default() {
            self.newline()?;
            let head = format!("{}[[", indent(key));
            self.write(head.as_bytes())?;
            self.write(&dotted(key))?;
            self.write(b"]]")?;
            self.newline()?;
            self.write_table(key, &item)?;
        }
        Ok(())
    }

    fn entries(&mut self, value: &Value, depth: usize) -> Result<Entries, EncodeError> {
        let all = match value {
            Value::Map(map) => map.entries(),
            Value::Object(o) => match o.as_container() {
                Some(container) => return self.entries(&container, depth + 1),
                None => {
                    let field = |name: String| o.field(&name).map(|v| (Str::from(name), v));
                    o.fields().into_iter().filter_map(field).collect()
                }
            },
            _ => Vec::new(),
        };
        let mut entries = Entries { direct: Vec::new(), tables: Vec::new() };
        for (key, value) in all {
            match self.type_of(&value, depth + 1)? {
                TomlType::Table | TomlType::ArrayOfTables => entries.tables.push((key, value)),
                _ => entries.direct.push((key, value)),
            }
        }
        Ok(entries)
    }

    fn write_table(&mut self, key: &mut Vec<Str>, value: &Value) -> Done {
        let entries = self.entries(value, key.len())?;
        for (name, value) in entries.direct.into_iter().chain(entries.tables) {
            key.push(name);
            self.encode(key, &value)?;
            key.pop();
        }
        Ok(())
    }

    fn write_inline_table(&mut self, value: &Value, depth: usize) -> Done {
        let entries = self.entries(value, depth)?;
        self.write(b"{")?;
        // A comma follows a value by its place among all of its kind, nil ones counted too, as in BurntSushi.
        let has_tables = !entries.tables.is_empty();
        let mut write_all = |entries: Vec<(Str, Value)>, more: bool| {
            let last = entries.len().saturating_sub(1);
            for (i, (name, value)) in entries.into_iter().enumerate() {
                if value.is_nil() {
                    continue;
                }
                let mut text = key_text(&name);
                text.extend_from_slice(b" = ");
                self.write(&text)?;
                self.write_element(&value, depth + 1)?;
                if more || i != last {
                    self.write(b", ")?;
                }
            }
            Ok::<(), EncodeError>(())
        };
        write_all(entries.direct, has_tables)?;
        write_all(entries.tables, false)?;
        self.write(b"}")
    }

    fn write_key_value(&mut self, key: &[Str], value: &Value, inline: bool) -> Done {
        let Some(name) = key.last() else { return self.write_element(value, 0) };
        let mut text = indent(key).into_bytes();
        text.extend_from_slice(&key_text(name));
        text.extend_from_slice(b" = ");
        self.write(&text)?;
        self.write_element(value, key.len())?;
        if inline { Ok(()) } else { self.newline() }
    }

    fn write_element(&mut self, value: &Value, depth: usize) -> Done {
        self.enter(depth)?;
        if let Some(items) = items(value) {
            self.write(b"[")?;
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    self.write(b", ")?;
                }
                self.write_element(item, depth + 1)?;
            }
            return self.write(b"]");
        }
        match value {
            Value::String(s) => self.write(&quoted(s.as_bytes())),
            Value::Bool(b) => self.write(if *b { b"true" } else { b"false" }),
            Value::Int(i) => self.write(i.as_i128().to_string().as_bytes()),
            Value::Float(f) => self.write(float(*f).as_bytes()),
            Value::Map(_) => self.write_inline_table(value, depth),
            Value::Object(o) => self.write_object(o.as_ref(), value, depth),
            // Nil elements were refused before.
            _ => Ok(()),
        }
    }

    fn write_object(&mut self, object: &dyn Object, value: &Value, depth: usize) -> Done {
        match (object.type_name(), object.to_plain()) {
            ("time.Time", Value::String(s)) => self.write(local_part(object, s.as_bytes())),
            ("time.Duration", _) => self.write(&quoted(object.print().as_bytes())),
            (_, Value::String(s)) if marshals_text(object) => self.write(&quoted(s.as_bytes())),
            _ if matches!(object.kind(), Kind::Map | Kind::Struct | Kind::Ptr) => {
                self.write_inline_table(value, depth)
            }
            (_, Value::Object(_)) => {
                Err(EncodeError::Toml(format!("unexpected type: {}", object.type_name())))
            }
            (_, plain) => self.write_element(&plain, depth + 1),
        }
    }
}

/// What is written of a time: all, or only what a local date or time of a TOML document had.
fn local_part<'t>(object: &dyn Object, text: &'t [u8]) -> &'t [u8] {
    let zone = object.call("Location", &[]).ok().map(|zone| match zone {
        Value::Object(zone) => zone.print(),
        _ => String::new(),
    });
    let from = |start: usize| text.get(start..text.len().saturating_sub(1)).unwrap_or_default();
    match zone.as_deref() {
        Some("datetime-local") => from(0),
        Some("date-local") => text.get(..10).unwrap_or_default(),
        Some("time-local") => from(11),
        _ => text,
    }
}

fn indent(key: &[Str]) -> String {
    "  ".repeat(key.len().saturating_sub(1))
}

fn dotted(key: &[Str]) -> Vec<u8> {
    key.iter().map(key_text).collect::<Vec<_>>().join(&b'.')
}

fn float(f: f64) -> String {
    if f.is_nan() {
        return if f.is_sign_negative() { "-nan" } else { "nan" }.to_string();
    }
    if f.is_infinite() {
        return if f < 0.0 { "-inf" } else { "inf" }.to_string();
    }
    let mut text = number::format_g(f);
    if !text.contains(['e', '.']) {
        text.push_str(".0");
    }
    text
}
