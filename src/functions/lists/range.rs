//! Ranges of integers: `until`, `untilStep`, `seq`.

use std::fmt::Write;

use super::{args, check_items};
use crate::functions::{Env, FunctionError, FunctionResult};
use crate::value::{Elem, List, Str, Value};

/// Integers from `start` on, as long as they are before `stop`.
struct Steps {
    start: i128,
    step: i128,
    count: usize,
}

/// Sprig's `untilStep`: a step that leads away from `stop` gives nothing.
fn steps(start: i64, stop: i64, step: i64) -> Steps {
    let (start, stop, step) = (i128::from(start), i128::from(stop), i128::from(step));
    let away = if stop < start { step >= 0 } else { step <= 0 };
    let count = if away { 0 } else { (stop - start).unsigned_abs().div_ceil(step.unsigned_abs()) };
    Steps { start, step, count: usize::try_from(count).unwrap_or(usize::MAX) }
}

impl Steps {
    fn numbers(&self) -> impl Iterator<Item = i64> {
        (0..self.count).map(|i| (self.start + self.step * i as i128) as i64)
    }

    fn list(&self, env: &Env, function: &str) -> FunctionResult {
        check_items(env, function, self.count)?;
        Ok(Value::List(List::new(Elem::Int, self.numbers().map(Value::int).collect())))
    }
}

pub(super) fn until(env: &Env, args: &[Value]) -> FunctionResult {
    let count = args::int(args, 0)?;
    steps(0, count, if count < 0 { -1 } else { 1 }).list(env, "until")
}

pub(super) fn until_step(env: &Env, args: &[Value]) -> FunctionResult {
    steps(args::int(args, 0)?, args::int(args, 1)?, args::int(args, 2)?).list(env, "untilStep")
}

/// Sprig's `seq`, after the Unix command: the end is included.
pub(super) fn seq(env: &Env, args: &[Value]) -> FunctionResult {
    let numbers = (0..args.len()).map(|i| args::int(args, i)).collect::<Result<Vec<i64>, FunctionError>>()?;
    let (start, step, end) = match *numbers.as_slice() {
        [end] => (1, if end < 1 { -1 } else { 1 }, end),
        [start, end] => (start, if end < start { -1 } else { 1 }, end),
        [start, step, end] if end >= start || step <= 0 => (start, step, end),
        _ => return Ok(Value::String(Str::EMPTY)),
    };
    let past_end = end.wrapping_add(if end < start { -1 } else { 1 });
    let steps = steps(start, past_end, step);
    env.check_size("seq", steps.count.saturating_mul(3))?;
    let mut out = String::new();
    for n in steps.numbers() {
        if !out.is_empty() {
            out.push(' ');
        }
        let _ = write!(out, "{n}");
    }
    env.check_size("seq", out.len())?;
    Ok(Value::string(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq_of(numbers: &[i64]) -> String {
        let args: Vec<Value> = numbers.iter().copied().map(Value::int).collect();
        let value = seq(&Env::default(), &args).unwrap_or_default();
        value.as_str().unwrap_or_default().to_string()
    }

    #[test]
    fn seq_counts_as_sprig_does() {
        for (numbers, want) in [
            (&[][..], ""),
            (&[3], "1 2 3"),
            (&[0], "1 0"),
            (&[-2], "1 0 -1 -2"),
            (&[2, 4], "2 3 4"),
            (&[4, 2], "4 3 2"),
            (&[0, 2, 5], "0 2 4"),
            (&[5, -2, 0], "5 3 1"),
            (&[5, 2, 0], ""),
            (&[0, 0, 5], ""),
            (&[0, -1, 5], ""),
            (&[1, 2, 3, 4], ""),
        ] {
            assert_eq!(seq_of(numbers), want, "{numbers:?}");
        }
    }

    #[test]
    fn a_huge_range_is_refused_before_it_is_made() {
        assert!(until(&Env::default(), &[Value::int(1_000_000_000_000)]).is_err());
        assert!(
            until_step(&Env::default(), &[Value::int(i64::MIN), Value::int(i64::MAX), Value::int(1)])
                .is_err()
        );
        let wide = until_step(&Env::default(), &[Value::int(0), Value::int(i64::MAX), Value::int(i64::MAX)]);
        assert!(matches!(wide, Ok(Value::List(l)) if l.len() == 1));
    }
}
