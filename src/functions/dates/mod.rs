//! Dates (Sprig `date.go`) by Go's `time` package: layouts, durations, zones.

mod duration;
mod layout;
mod object;
mod parse;
mod time;

pub use self::duration::Duration;
pub(super) use self::parse::parse;
pub use self::time::{Civil, Time, Zone};

use super::{Env, Function, FunctionError, FunctionResult, Type, args};
use crate::value::{IntKind, Str, Value};

const TIME: Type = Type::Other("time.Time");

/// `now`, `date`, `ago` and their like.
pub const FUNCTIONS: &[Function] = &[
    Function::new("now", &[], TIME, |env, _| Ok(now(env).into())),
    Function::new("date", &[Type::String, Type::Any], Type::String, |env, given| {
        let layout = args::string(given, 0)?.as_bytes();
        env.step("date", layout.len())?;
        Ok(format_in(layout, &moment(env, args::any(given, 1)), "Local"))
    }),
    Function::new("dateInZone", &[Type::String, Type::Any, Type::String], Type::String, date_in_zone),
    Function::new("date_in_zone", &[Type::String, Type::Any, Type::String], Type::String, date_in_zone),
    Function::new("htmlDate", &[Type::Any], Type::String, |env, given| {
        Ok(format_in(HTML_DATE, &moment(env, args::any(given, 0)), "Local"))
    }),
    Function::new("htmlDateInZone", &[Type::Any, Type::String], Type::String, |env, given| {
        let zone = args::string(given, 1)?.to_text();
        Ok(format_in(HTML_DATE, &moment(env, args::any(given, 0)), &zone))
    }),
    Function::new("dateModify", &[Type::String, TIME], TIME, modify),
    Function::new("date_modify", &[Type::String, TIME], TIME, modify),
    Function::new("mustDateModify", &[Type::String, TIME], TIME, must_modify),
    Function::new("must_date_modify", &[Type::String, TIME], TIME, must_modify),
    Function::new("toDate", &[Type::String, Type::String], TIME, |_, given| {
        let (layout, text) = (args::string(given, 0)?, args::string(given, 1)?);
        Ok(parse(layout.as_bytes(), text.as_bytes()).unwrap_or_else(|_| Time::zero()).into())
    }),
    Function::new("mustToDate", &[Type::String, Type::String], TIME, |_, given| {
        let (layout, text) = (args::string(given, 0)?, args::string(given, 1)?);
        Ok(parse(layout.as_bytes(), text.as_bytes())?.into())
    }),
    Function::new("unixEpoch", &[TIME], Type::String, |_, given| {
        Ok(time_argument(given, 0)?.seconds.to_string().into())
    }),
    Function::new("ago", &[Type::Any], Type::String, |env, given| {
        // Other than in `date`, an int32 is no moment here.
        let then = match args::any(given, 0) {
            Value::Int(i) if i.kind() == IntKind::Int32 => now(env),
            other => moment(env, other),
        };
        Ok(now(env).since(&then).round(Duration(duration::SECOND)).to_string().into())
    }),
    Function::new("duration", &[Type::Any], Type::String, |_, given| {
        let seconds = match args::any(given, 0) {
            Value::String(s) => parse_int(s),
            Value::Int(i) if i.kind() == IntKind::Int64 => i.as_i64(),
            _ => 0,
        };
        Ok(Duration(seconds.wrapping_mul(duration::SECOND)).to_string().into())
    }),
    Function::new("durationRound", &[Type::Any], Type::String, |env, given| {
        let duration = match args::any(given, 0) {
            Value::String(s) => Duration::parse(s.as_bytes()).unwrap_or(Duration(0)),
            Value::Int(i) if i.kind() == IntKind::Int64 => Duration(i.as_i64()),
            other => match as_time(other) {
                Some(time) => now(env).since(time),
                None => Duration(0),
            },
        };
        Ok(round_roughly(duration).into())
    }),
];

const HTML_DATE: &[u8] = b"2006-01-02";

fn now(env: &Env) -> Time {
    Time::from_timestamp(env.now())
}

fn as_time(value: &Value) -> Option<&Time> {
    match value {
        Value::Object(o) => o.as_any().downcast_ref(),
        _ => None,
    }
}

fn time_argument(given: &[Value], index: usize) -> Result<&Time, FunctionError> {
    let value = args::any(given, index);
    as_time(value).ok_or_else(|| args::wrong_type("time.Time", value))
}

/// The moment that an argument means: a time, or seconds since 1970. Anything else means now; that includes
/// the numbers of a values file, which are floats.
fn moment(env: &Env, value: &Value) -> Time {
    match value {
        Value::Int(i) if matches!(i.kind(), IntKind::Int | IntKind::Int32 | IntKind::Int64) => {
            Time::local(i.as_i64())
        }
        other => as_time(other).cloned().unwrap_or_else(|| now(env)),
    }
}

/// Writes a time in a zone; in UTC, if there is no such zone.
fn format_in(layout: &[u8], time: &Time, zone: &str) -> Value {
    let zone = Zone::load(zone).unwrap_or(Zone::Utc);
    Value::string(layout::format(&time.in_zone(zone), layout))
}

fn date_in_zone(env: &Env, given: &[Value]) -> FunctionResult {
    let layout = args::string(given, 0)?.as_bytes();
    env.step("dateInZone", layout.len())?;
    Ok(format_in(layout, &moment(env, args::any(given, 1)), &args::string(given, 2)?.to_text()))
}

fn modify(_: &Env, given: &[Value]) -> FunctionResult {
    let time = time_argument(given, 1)?;
    let duration = Duration::parse(args::string(given, 0)?.as_bytes());
    Ok(duration.map_or_else(|_| time.clone(), |d| time.add(d)).into())
}

fn must_modify(_: &Env, given: &[Value]) -> FunctionResult {
    let duration = Duration::parse(args::string(given, 0)?.as_bytes())?;
    Ok(time_argument(given, 1)?.add(duration).into())
}

/// Go's `strconv.ParseInt` with its error dropped: a number out of range becomes the nearest in range.
fn parse_int(text: &Str) -> i64 {
    use std::num::IntErrorKind;
    match text.as_str().unwrap_or_default().parse::<i64>() {
        Ok(n) => n,
        Err(e) => match e.kind() {
            IntErrorKind::PosOverflow => i64::MAX,
            IntErrorKind::NegOverflow => i64::MIN,
            _ => 0,
        },
    }
}

/// The largest unit of which there is more than one whole.
fn round_roughly(duration: Duration) -> String {
    const HOUR: u64 = 3600 * duration::SECOND as u64;
    let nanos = duration.0.unsigned_abs();
    let units = [
        (HOUR * 24 * 365, "y"),
        (HOUR * 24 * 30, "mo"),
        (HOUR * 24, "d"),
        (HOUR, "h"),
        (HOUR / 60, "m"),
        (HOUR / 3600, "s"),
    ];
    match units.iter().find(|(unit, _)| nanos > *unit) {
        Some((unit, name)) => format!("{}{name}", nanos / unit),
        None => "0s".to_string(),
    }
}

#[cfg(test)]
mod tests;
