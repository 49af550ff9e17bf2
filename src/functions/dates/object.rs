use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

use super::duration::{Duration, SECOND};
use super::layout::format;
use super::time::{MONTHS, Time, WEEKDAYS, Zone};
use crate::value::{Int, IntKind, Kind, Object, ObjectError, Str, Value};

type Answer = Result<Value, ObjectError>;

fn wrong_type(expected: &str, got: &Value) -> ObjectError {
    ObjectError(format!("wrong type for value; expected {expected}; got {}", got.type_name()))
}

fn object<T: Any>(value: Option<&Value>) -> Option<&T> {
    match value {
        Some(Value::Object(o)) => o.as_any().downcast_ref(),
        _ => None,
    }
}

fn argument<'v, T: Any>(args: &'v [Value], expected: &str) -> Result<&'v T, ObjectError> {
    object(args.first()).ok_or_else(|| wrong_type(expected, args.first().unwrap_or(&Value::Null)))
}

fn integer(args: &[Value], index: usize) -> Result<i64, ObjectError> {
    match args.get(index) {
        Some(Value::Int(i)) => Ok(i.as_i64()),
        other => Err(wrong_type("int", other.unwrap_or(&Value::Null))),
    }
}

fn params(methods: &[(&str, usize)], name: &str) -> Option<usize> {
    methods.iter().find(|(n, _)| *n == name).map(|(_, params)| *params)
}

impl From<Time> for Value {
    fn from(time: Time) -> Value {
        Value::Object(Arc::new(time))
    }
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Value {
        Value::Object(Arc::new(duration))
    }
}

/// The methods of `time.Time` that give one value, with the number of their parameters.
const TIME_METHODS: &[(&str, usize)] = &[
    ("Add", 1),
    ("AddDate", 3),
    ("After", 1),
    ("Before", 1),
    ("Compare", 1),
    ("Day", 0),
    ("Equal", 1),
    ("Format", 1),
    ("GoString", 0),
    ("Hour", 0),
    ("In", 1),
    ("IsDST", 0),
    ("IsZero", 0),
    ("Local", 0),
    ("Location", 0),
    ("MarshalJSON", 0),
    ("MarshalText", 0),
    ("Minute", 0),
    ("Month", 0),
    ("Nanosecond", 0),
    ("Round", 1),
    ("Second", 0),
    ("String", 0),
    ("Sub", 1),
    ("Truncate", 1),
    ("UTC", 0),
    ("Unix", 0),
    ("UnixMicro", 0),
    ("UnixMilli", 0),
    ("UnixNano", 0),
    ("Weekday", 0),
    ("Year", 0),
    ("YearDay", 0),
];

const RFC3339_NANO: &[u8] = b"2006-01-02T15:04:05.999999999Z07:00";

impl Time {
    fn format_text(&self, layout: &[u8]) -> String {
        String::from_utf8_lossy(&format(self, layout)).into_owned()
    }

    fn go_string(&self) -> String {
        let c = self.civil();
        let zone = match &self.zone {
            Zone::Utc => "time.UTC".to_string(),
            Zone::Local => "time.Local".to_string(),
            zone => format!("time.Location({:?})", zone.name()),
        };
        format!(
            "time.Date({}, time.{}, {}, {}, {}, {}, {}, {zone})",
            c.year,
            c.month_name(),
            c.day,
            c.hour,
            c.minute,
            c.second,
            self.nanos
        )
    }
}

impl Object for Time {
    fn type_name(&self) -> &str {
        "time.Time"
    }

    fn kind(&self) -> Kind {
        Kind::Struct
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn has_method(&self, name: &str) -> bool {
        params(TIME_METHODS, name).is_some()
    }

    fn call(&self, name: &str, args: &[Value]) -> Answer {
        let c = self.civil();
        let time = || argument::<Time>(args, "time.Time");
        let duration = || argument::<Duration>(args, "time.Duration").copied();
        let order = || Ok::<_, ObjectError>(self.nanoseconds().cmp(&time()?.nanoseconds()));
        let since_1970 = |unit: i128| Value::int64((self.nanoseconds().div_euclid(unit)) as i64);
        Ok(match name {
            "Year" => Value::int(c.year),
            "Month" => NamedInt::month(c.month),
            "Day" => Value::int(c.day.into()),
            "YearDay" => Value::int(c.year_day.into()),
            "Weekday" => NamedInt::weekday(c.weekday),
            "Hour" => Value::int(c.hour.into()),
            "Minute" => Value::int(c.minute.into()),
            "Second" => Value::int(c.second.into()),
            "Nanosecond" => Value::int(self.nanos.into()),
            "Unix" => Value::int64(self.seconds),
            "UnixMilli" => since_1970(1_000_000),
            "UnixMicro" => since_1970(1000),
            "UnixNano" => since_1970(1),
            "IsZero" => Value::Bool(self.is_zero()),
            "IsDST" => Value::Bool(self.zone.at(self.seconds).2),
            "UTC" => self.in_zone(Zone::Utc).into(),
            "Local" => self.in_zone(Zone::Local).into(),
            "Location" => Value::Object(Arc::new(Location(self.zone.clone()))),
            "In" => self.in_zone(argument::<Location>(args, "*time.Location")?.0.clone()).into(),
            "Format" => match args.first() {
                Some(Value::String(layout)) => Value::string(format(self, layout.as_bytes())),
                other => return Err(wrong_type("string", other.unwrap_or(&Value::Null))),
            },
            "String" => Value::string(self.print()),
            "GoString" => Value::string(self.go_string()),
            "MarshalText" => Value::Bytes(format(self, RFC3339_NANO).into()),
            "MarshalJSON" => {
                Value::Bytes(format!("\"{}\"", self.format_text(RFC3339_NANO)).into_bytes().into())
            }
            "Add" => self.add(duration()?).into(),
            "Sub" => self.since(time()?).into(),
            "Round" => self.round(duration()?).into(),
            "Truncate" => self.truncate(duration()?).into(),
            "AddDate" => self.add_date(integer(args, 0)?, integer(args, 1)?, integer(args, 2)?).into(),
            "After" => Value::Bool(order()? == Ordering::Greater),
            "Before" => Value::Bool(order()? == Ordering::Less),
            "Equal" => Value::Bool(order()? == Ordering::Equal),
            "Compare" => Value::int(order()? as i64),
            _ => return Err(ObjectError(format!("time.Time has no method {name}"))),
        })
    }

    fn method_params(&self, name: &str) -> usize {
        params(TIME_METHODS, name).unwrap_or(0)
    }

    fn method_param_type(&self, name: &str, _index: usize) -> &'static str {
        match name {
            "Add" | "Round" | "Truncate" => "time.Duration",
            "After" | "Before" | "Compare" | "Equal" | "Sub" => "time.Time",
            "AddDate" => "int",
            "In" => "*time.Location",
            _ => "string",
        }
    }

    fn print(&self) -> String {
        self.format_text(b"2006-01-02 15:04:05.999999999 -0700 MST")
    }

    fn to_plain(&self) -> Value {
        Value::String(Str::from(self.format_text(RFC3339_NANO)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The methods of `time.Duration`.
const DURATION_METHODS: &[(&str, usize)] = &[
    ("Abs", 0),
    ("Hours", 0),
    ("Microseconds", 0),
    ("Milliseconds", 0),
    ("Minutes", 0),
    ("Nanoseconds", 0),
    ("Round", 1),
    ("Seconds", 0),
    ("String", 0),
    ("Truncate", 1),
];

impl Object for Duration {
    fn type_name(&self) -> &str {
        "time.Duration"
    }

    fn kind(&self) -> Kind {
        Kind::Int(IntKind::Int64)
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn has_method(&self, name: &str) -> bool {
        params(DURATION_METHODS, name).is_some()
    }

    fn call(&self, name: &str, args: &[Value]) -> Answer {
        let unit = || argument::<Duration>(args, "time.Duration").copied();
        // Go divides the whole units and the rest apart.
        let units =
            |nanos: i64| Value::Float((self.0 / nanos) as f64 + (self.0 % nanos) as f64 / nanos as f64);
        Ok(match name {
            "Hours" => units(3600 * SECOND),
            "Minutes" => units(60 * SECOND),
            "Seconds" => units(SECOND),
            "Milliseconds" => Value::int64(self.0 / 1_000_000),
            "Microseconds" => Value::int64(self.0 / 1000),
            "Nanoseconds" => Value::int64(self.0),
            "Abs" => Duration(self.0.saturating_abs()).into(),
            "Round" => self.round(unit()?).into(),
            "Truncate" => self.truncate(unit()?).into(),
            "String" => Value::string(self.to_string()),
            _ => return Err(ObjectError(format!("time.Duration has no method {name}"))),
        })
    }

    fn method_params(&self, name: &str) -> usize {
        params(DURATION_METHODS, name).unwrap_or(0)
    }

    fn method_param_type(&self, _name: &str, _index: usize) -> &'static str {
        "time.Duration"
    }

    fn print(&self) -> String {
        self.to_string()
    }

    fn to_plain(&self) -> Value {
        Value::int64(self.0)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A number that prints as a name: `time.Month`, `time.Weekday`.
#[derive(Debug)]
struct NamedInt {
    type_name: &'static str,
    number: u8,
    name: &'static str,
}

impl NamedInt {
    fn month(number: u8) -> Value {
        let name = MONTHS.get(usize::from(number) - 1).copied().unwrap_or_default();
        Value::Object(Arc::new(NamedInt { type_name: "time.Month", number, name }))
    }

    fn weekday(number: u8) -> Value {
        let name = WEEKDAYS.get(usize::from(number)).copied().unwrap_or_default();
        Value::Object(Arc::new(NamedInt { type_name: "time.Weekday", number, name }))
    }
}

impl Object for NamedInt {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn kind(&self) -> Kind {
        Kind::Int(IntKind::Int)
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn has_method(&self, name: &str) -> bool {
        name == "String"
    }

    fn call(&self, _: &str, _: &[Value]) -> Answer {
        Ok(self.name.into())
    }

    fn method_params(&self, _: &str) -> usize {
        0
    }

    fn print(&self) -> String {
        self.name.to_string()
    }

    fn to_plain(&self) -> Value {
        Value::Int(Int::new(self.number.into(), IntKind::Int))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A zone: `*time.Location`.
#[derive(Debug)]
struct Location(Zone);

impl Object for Location {
    fn type_name(&self) -> &str {
        "*time.Location"
    }

    fn kind(&self) -> Kind {
        Kind::Ptr
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn has_method(&self, name: &str) -> bool {
        name == "String"
    }

    fn call(&self, _: &str, _: &[Value]) -> Answer {
        Ok(self.print().into())
    }

    fn method_params(&self, _: &str) -> usize {
        0
    }

    fn print(&self) -> String {
        self.0.name().to_string()
    }

    /// A location has no exported fields.
    fn to_plain(&self) -> Value {
        Value::Map(crate::value::Map::default())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
