//! Values as text: Go's `fmt` with its verbs, flags and complaints (`fmt/print.go`).
//!
//! What `{{ .x }}` writes is `%v`. Output is bounded, and so is depth: a map may contain itself.

mod printable;
mod printf;
mod quote;
mod verbs;

use std::fmt;

pub use self::printable::is_printable;
pub use self::quote::{Escape, can_backquote, quote, quote_rune, quote_to_ascii, unquote, unquote_char};
use self::verbs::{Base, Spec};
pub use self::verbs::{format_float, rune_count};
use super::{Complex, Int, Kind, Object, Str, Value};
use crate::limits::Limits;

/// Why a value could not be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrintError {
    /// It is nested deeper than the limit, or contains itself.
    TooDeep(usize),
    /// The text would be longer than this many bytes.
    TooLong(usize),
}

impl fmt::Display for PrintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PrintError::TooDeep(levels) => {
                write!(
                    f,
                    "cannot print a value nested more than {levels} levels deep: does it contain itself?"
                )
            }
            PrintError::TooLong(bytes) => {
                write!(f, "printing gives more than the limit of {bytes} bytes for one call")
            }
        }
    }
}

impl std::error::Error for PrintError {}

impl From<PrintError> for String {
    fn from(e: PrintError) -> String {
        e.to_string()
    }
}

/// The value as `%v` shows it. A string is itself, without a copy.
///
/// # Errors
/// When the value is nested too deep, or the text is too long.
pub fn sprint_value(limits: &Limits, value: &Value) -> Result<Str, PrintError> {
    if let Value::String(s) = value {
        return Ok(s.clone());
    }
    let mut out = Vec::new();
    write_value(&mut out, limits, value)?;
    Ok(out.into())
}

/// Appends the value as `%v` shows it.
///
/// # Errors
/// When the value is nested too deep, or the text is too long.
pub fn write_value(out: &mut Vec<u8>, limits: &Limits, value: &Value) -> Result<(), PrintError> {
    match value {
        Value::String(s) => out.extend_from_slice(s.as_bytes()),
        Value::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        _ => return Printer::new(out, limits).argument(value, 'v'),
    }
    Ok(())
}

/// Go's `fmt.Sprint`: a space between neighbours of which neither is a string.
///
/// # Errors
/// When a value is nested too deep, or the text is too long.
pub fn sprint(limits: &Limits, values: &[Value]) -> Result<Str, PrintError> {
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out, limits);
    let mut after_string = false;
    for (i, value) in values.iter().enumerate() {
        let is_string = value.kind() == Kind::String;
        if i > 0 && !is_string && !after_string {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v')?;
        after_string = is_string;
    }
    Ok(out.into())
}

/// Go's `fmt.Sprintln`: spaces between all, and a newline.
///
/// # Errors
/// When a value is nested too deep, or the text is too long.
pub fn sprintln(limits: &Limits, values: &[Value]) -> Result<Str, PrintError> {
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out, limits);
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v')?;
    }
    out.push(b'\n');
    Ok(out.into())
}

/// Go's `fmt.Sprintf`. Wrong verbs, missing and extra arguments are complained about in the text itself.
///
/// # Errors
/// When a value is nested too deep, or the text is too long.
pub fn sprintf(limits: &Limits, format: &[u8], values: &[Value]) -> Result<Str, PrintError> {
    let mut out = Vec::with_capacity(format.len() + 16);
    Printer::new(&mut out, limits).format(format, values)?;
    Ok(out.into())
}

/// The state of one call.
struct Printer<'a> {
    out: &'a mut Vec<u8>,
    /// How long `out` may grow.
    end: usize,
    limits: &'a Limits,
    spec: Spec,
    /// Inside the complaint about a bad verb, where methods aren't called.
    complaining: bool,
}

impl<'a> Printer<'a> {
    fn new(out: &'a mut Vec<u8>, limits: &'a Limits) -> Printer<'a> {
        let end = out.len().saturating_add(limits.function_bytes);
        Printer { out, end, limits, spec: Spec::default(), complaining: false }
    }

    fn check_size(&self) -> Result<(), PrintError> {
        if self.out.len() <= self.end { Ok(()) } else { Err(PrintError::TooLong(self.limits.function_bytes)) }
    }

    /// Prints an argument of the call (`printArg`).
    fn argument(&mut self, value: &Value, verb: char) -> Result<(), PrintError> {
        match (verb, value) {
            ('T' | 'v', Value::Null) => self.spec.pad(self.out, b"<nil>"),
            (_, Value::Null) => self.bad_verb(value, verb, 0)?,
            ('T', _) => self.spec.string(self.out, value.type_name().as_bytes()),
            ('p', _) => self.pointer(value, verb)?,
            _ => self.value(value, verb, 0)?,
        }
        self.check_size()
    }

    /// Prints a value at some depth of the argument (`printValue`).
    fn value(&mut self, value: &Value, verb: char, depth: usize) -> Result<(), PrintError> {
        match value {
            Value::Null if self.spec.sharp_v => self.out.extend_from_slice(b"interface {}(nil)"),
            Value::Null => self.out.extend_from_slice(b"<nil>"),
            Value::TypedNil(nil) => self.typed_nil(value, nil.name, nil.kind, verb, depth)?,
            Value::Bool(b) if matches!(verb, 't' | 'v') => self.spec.boolean(self.out, *b),
            Value::Int(n) if self.integer(*n, verb) => {}
            Value::Float(f) if self.float(*f, verb) => {}
            Value::String(s) if self.string(s.as_bytes(), verb) => {}
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => {
                self.bad_verb(value, verb, depth)?;
            }
            Value::Bytes(bytes) => self.bytes(bytes, verb, depth)?,
            Value::List(list) => {
                self.enter(depth)?;
                self.open(b"[", list.elem().slice_name());
                for (i, item) in list.read().iter().enumerate() {
                    self.separate(i)?;
                    self.value(item, verb, depth + 1)?;
                }
                self.close(b']');
            }
            Value::Map(map) => {
                self.enter(depth)?;
                self.open(b"map[", map.map_type().name());
                for (i, (key, item)) in map.read().iter().enumerate() {
                    self.separate(i)?;
                    if !self.string(key.as_bytes(), verb) {
                        self.bad_verb(&Value::String(key.clone()), verb, depth + 1)?;
                    }
                    self.out.push(b':');
                    self.value(item, verb, depth + 1)?;
                }
                self.close(b']');
            }
            Value::Object(object) => self.object(object.as_ref(), value, verb, depth)?,
        }
        Ok(())
    }

    fn enter(&self, depth: usize) -> Result<(), PrintError> {
        if depth < self.limits.data_depth { Ok(()) } else { Err(PrintError::TooDeep(self.limits.data_depth)) }
    }

    fn open(&mut self, plain: &[u8], type_name: &str) {
        if self.spec.sharp_v {
            self.out.extend_from_slice(type_name.as_bytes());
            self.out.push(b'{');
        } else {
            self.out.extend_from_slice(plain);
        }
    }

    fn separate(&mut self, index: usize) -> Result<(), PrintError> {
        if index > 0 {
            self.out.extend_from_slice(if self.spec.sharp_v { b", " } else { b" " });
        }
        self.check_size()
    }

    fn close(&mut self, plain: u8) {
        self.out.push(if self.spec.sharp_v { b'}' } else { plain });
    }

    fn typed_nil(
        &mut self,
        value: &Value,
        name: &str,
        kind: Kind,
        verb: char,
        depth: usize,
    ) -> Result<(), PrintError> {
        match kind {
            Kind::Slice | Kind::Map if self.spec.sharp_v => {
                self.out.extend_from_slice(name.as_bytes());
                self.out.extend_from_slice(b"(nil)");
            }
            Kind::Slice if name == "[]uint8" && matches!(verb, 's' | 'q' | 'x' | 'X') => {
                self.string(b"", verb);
            }
            Kind::Slice => self.out.extend_from_slice(b"[]"),
            Kind::Map => self.out.extend_from_slice(b"map[]"),
            _ => match verb {
                'v' if self.spec.sharp_v => {
                    self.out.push(b'(');
                    self.out.extend_from_slice(name.as_bytes());
                    self.out.extend_from_slice(b")(nil)");
                }
                'v' => self.spec.pad(self.out, b"<nil>"),
                'b' | 'o' | 'd' | 'x' | 'X' => {
                    self.integer(Int::new(0, super::IntKind::Uint64), verb);
                }
                // A nil pointer's own method panics, and fmt says just this.
                's' | 'q' => self.out.extend_from_slice(b"<nil>"),
                _ => self.bad_verb(value, verb, depth)?,
            },
        }
        Ok(())
    }

    fn integer(&mut self, n: Int, verb: char) -> bool {
        let unsigned = n.kind().is_unsigned();
        let negative = !unsigned && n.as_i64() < 0;
        let magnitude = if negative { n.as_i64().unsigned_abs() } else { n.as_u64() };
        let base = match verb {
            'v' if self.spec.sharp_v && unsigned => {
                let spec = Spec { sharp: true, ..self.spec };
                spec.integer(self.out, magnitude, false, Base::Hex);
                return true;
            }
            'v' | 'd' => Base::Decimal,
            'b' => Base::Binary,
            'o' => Base::Octal,
            'O' => Base::OctalPrefixed,
            'x' => Base::Hex,
            'X' => Base::HexUpper,
            'c' => {
                self.spec.character(self.out, n.as_u64());
                return true;
            }
            'q' => {
                self.spec.quoted_character(self.out, n.as_u64());
                return true;
            }
            'U' => {
                self.spec.unicode(self.out, n.as_u64());
                return true;
            }
            _ => return false,
        };
        self.spec.integer(self.out, magnitude, negative, base);
        true
    }

    fn float(&mut self, f: f64, verb: char) -> bool {
        let (verb, default) = match verb {
            'v' => (b'g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => (verb as u8, None),
            'f' | 'e' | 'E' => (verb as u8, Some(6)),
            'F' => (b'f', Some(6)),
            _ => return false,
        };
        self.spec.float(self.out, f, verb, default);
        true
    }

    fn complex(&mut self, c: Complex, verb: char) -> bool {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            return false;
        }
        let plus = self.spec.plus;
        self.out.push(b'(');
        self.float(c.re, verb);
        self.spec.plus = true;
        self.float(c.im, verb);
        self.out.extend_from_slice(b"i)");
        self.spec.plus = plus;
        true
    }

    fn string(&mut self, s: &[u8], verb: char) -> bool {
        match verb {
            'v' if self.spec.sharp_v => self.spec.quoted(self.out, s),
            'v' | 's' => self.spec.string(self.out, s),
            'x' => self.spec.hex(self.out, s, false),
            'X' => self.spec.hex(self.out, s, true),
            'q' => self.spec.quoted(self.out, s),
            _ => return false,
        }
        true
    }

    fn bytes(&mut self, bytes: &[u8], verb: char, depth: usize) -> Result<(), PrintError> {
        if matches!(verb, 's' | 'q' | 'x' | 'X') {
            self.string(bytes, verb);
            return Ok(());
        }
        // fmt names the type `[]byte` at the top, and as reflect knows it below.
        self.open(b"[", if depth == 0 { "[]byte" } else { "[]uint8" });
        for (i, &b) in bytes.iter().enumerate() {
            self.separate(i)?;
            let n = Int::new(i64::from(b), super::IntKind::Uint8);
            if !self.integer(n, verb) {
                self.bad_verb(&Value::Int(n), verb, depth + 1)?;
            }
        }
        self.close(b']');
        Ok(())
    }

    fn object(
        &mut self,
        object: &dyn Object,
        value: &Value,
        verb: char,
        depth: usize,
    ) -> Result<(), PrintError> {
        let stringable = !self.spec.sharp_v && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q');
        if object.is_nil() {
            let name = object.type_name().to_string();
            return self.typed_nil(value, &name, object.kind(), verb, depth);
        }
        if stringable && !self.complaining && object.is_stringer() {
            self.string(object.print().as_bytes(), verb);
            return Ok(());
        }
        if let Some(c) = object.as_any().downcast_ref::<Complex>() {
            return if self.complex(*c, verb) { Ok(()) } else { self.bad_verb(value, verb, depth) };
        }
        match object.kind() {
            Kind::Ptr if depth > 0 => self.pointer(value, verb),
            Kind::Struct | Kind::Ptr => {
                self.enter(depth)?;
                if object.kind() == Kind::Ptr {
                    self.out.push(b'&');
                }
                let name = object.type_name().trim_start_matches('*');
                self.open(b"{", name);
                for (i, field) in object.fields().iter().enumerate() {
                    self.separate(i)?;
                    if self.spec.plus_v || self.spec.sharp_v {
                        self.out.extend_from_slice(field.as_bytes());
                        self.out.push(b':');
                    }
                    self.value(&object.field(field).unwrap_or_default(), verb, depth + 1)?;
                }
                self.close(b'}');
                Ok(())
            }
            Kind::Func => self.pointer(value, verb),
            _ => {
                let plain = object.as_container().unwrap_or_else(|| object.to_plain());
                if matches!(plain, Value::Object(_)) {
                    self.string(object.print().as_bytes(), 'v');
                    return Ok(());
                }
                self.value(&plain, verb, depth)
            }
        }
    }

    /// Prints an address: of the container in memory, so it differs from run to run, as in Go.
    fn pointer(&mut self, value: &Value, verb: char) -> Result<(), PrintError> {
        let address = match value {
            Value::List(l) => l.address(),
            Value::Map(m) => m.address(),
            Value::Bytes(b) => b.as_ptr() as usize,
            Value::Object(o) if !o.is_nil() => std::ptr::from_ref(o.as_any()).cast::<u8>() as usize,
            Value::TypedNil(_) | Value::Object(_) => 0,
            _ => return self.bad_verb(value, verb, 0),
        };
        let n = Int::new(address as i64, super::IntKind::Uint64);
        match verb {
            'v' | 'p' => {
                let spec = Spec { sharp: !self.spec.sharp, ..self.spec };
                spec.integer(self.out, n.as_u64(), false, Base::Hex);
                Ok(())
            }
            'b' | 'o' | 'd' | 'x' | 'X' => {
                self.integer(n, verb);
                Ok(())
            }
            _ => self.bad_verb(value, verb, 0),
        }
    }

    /// Go's complaint about a verb that the type doesn't have: `%!d(string=x)`.
    fn bad_verb(&mut self, value: &Value, verb: char, depth: usize) -> Result<(), PrintError> {
        self.enter(depth)?;
        self.out.extend_from_slice(b"%!");
        self.out.extend_from_slice(verb.encode_utf8(&mut [0; 4]).as_bytes());
        self.out.push(b'(');
        if matches!(value, Value::Null) {
            self.out.extend_from_slice(b"<nil>");
        } else {
            self.out.extend_from_slice(value.type_name().as_bytes());
            self.out.push(b'=');
            let outer = std::mem::replace(&mut self.complaining, true);
            self.value(value, 'v', depth)?;
            self.complaining = outer;
        }
        self.out.push(b')');
        Ok(())
    }
}

#[cfg(test)]
mod tests;
