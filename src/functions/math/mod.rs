//! Arithmetic: Sprig's functions, in `int64`, `float64` and (for `addf` and its like) exact decimals.

mod decimal;

use super::Type::{Any, Float64, Int, Int64};
use super::{Env, Function, FunctionError, FunctionResult, args, convert};
use crate::value::Value;
use decimal::Decimal;

/// The family's functions.
pub const FUNCTIONS: &[Function] = &[
    Function::new("add", &[], Int64, |_, args| fold(0, args, i64::wrapping_add)).variadic(Any),
    Function::new("add1", &[Any], Int64, |_, args| fold(1, args, i64::wrapping_add)),
    Function::new("sub", &[Any, Any], Int64, |_, args| pair(args, |a, b| Ok(a.wrapping_sub(b)))),
    Function::new("mul", &[Any], Int64, |_, args| fold(1, args, i64::wrapping_mul)).variadic(Any),
    Function::new("div", &[Any, Any], Int64, |_, args| pair(args, div)),
    Function::new("mod", &[Any, Any], Int64, |_, args| pair(args, modulo)),
    MAX,
    MAX.alias("biggest"),
    Function::new("min", &[Any], Int64, |_, args| fold(i64::MAX, args, i64::min)).variadic(Any),
    Function::new("addf", &[], Float64, addf).variadic(Any),
    Function::new("add1f", &[Any], Float64, add1f),
    Function::new("subf", &[Any], Float64, |_, args| decimals(args, |a, b| Ok(a.sub(b)))).variadic(Any),
    Function::new("mulf", &[Any], Float64, |_, args| decimals(args, |a, b| Ok(a.mul(b)))).variadic(Any),
    Function::new("divf", &[Any], Float64, |_, args| decimals(args, Decimal::div)).variadic(Any),
    Function::new("maxf", &[Any], Float64, |_, args| Ok(fold_floats(args, go_max))).variadic(Any),
    Function::new("minf", &[Any], Float64, |_, args| Ok(fold_floats(args, go_min))).variadic(Any),
    Function::new("floor", &[Any], Float64, |_, args| Ok(Value::Float(float(args, 0).floor()))),
    Function::new("ceil", &[Any], Float64, |_, args| Ok(Value::Float(float(args, 0).ceil()))),
    Function::new("round", &[Any, Int], Float64, round).variadic(Float64),
];

const MAX: Function =
    Function::new("max", &[Any], Int64, |_, args| fold(i64::MIN, args, i64::max)).variadic(Any);

fn fold(start: i64, args: &[Value], f: fn(i64, i64) -> i64) -> FunctionResult {
    Ok(Value::int64(args.iter().map(convert::to_int64).fold(start, f)))
}

fn pair(args: &[Value], f: fn(i64, i64) -> Result<i64, FunctionError>) -> FunctionResult {
    f(convert::to_int64(args::any(args, 0)), convert::to_int64(args::any(args, 1))).map(Value::int64)
}

fn div(a: i64, b: i64) -> Result<i64, FunctionError> {
    if b == 0 { Err(divide_by_zero()) } else { Ok(a.wrapping_div(b)) }
}

fn modulo(a: i64, b: i64) -> Result<i64, FunctionError> {
    if b == 0 { Err(divide_by_zero()) } else { Ok(a.wrapping_rem(b)) }
}

fn divide_by_zero() -> FunctionError {
    FunctionError::new("runtime error: integer divide by zero")
}

fn float(args: &[Value], index: usize) -> f64 {
    convert::to_float64(args::any(args, index))
}

fn fold_floats(args: &[Value], f: fn(f64, f64) -> f64) -> Value {
    Value::Float(args.iter().map(convert::to_float64).reduce(f).unwrap_or(0.0))
}

/// `math.Max`: an infinity wins over NaN, NaN over numbers, 0 over -0.
fn go_max(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        f64::INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a == 0.0 && b == 0.0 {
        if a.is_sign_negative() { b } else { a }
    } else {
        a.max(b)
    }
}

/// `math.Min`: the mirror image of [`go_max`].
fn go_min(a: f64, b: f64) -> f64 {
    -go_max(-a, -b)
}

fn add1f(env: &Env, args: &[Value]) -> FunctionResult {
    addf(env, &[args::any(args, 0).clone(), Value::int(1)])
}

fn addf(_: &Env, args: &[Value]) -> FunctionResult {
    let zero = [Value::Float(0.0)];
    decimals(&[&zero, args].concat(), |a, b| Ok(a.add(b)))
}

type DecimalOperation = fn(&Decimal, &Decimal) -> Result<Decimal, FunctionError>;

/// Sprig's `execDecimalOp`: floats become the decimals they print as, and the result a float again.
fn decimals(args: &[Value], f: DecimalOperation) -> FunctionResult {
    let mut values = args.iter().map(|v| Decimal::from_float(convert::to_float64(v)));
    let mut result = values.next().unwrap_or_else(|| Decimal::from_float(0.0))?;
    for value in values {
        result = f(&result, &value?)?;
        if result.is_huge() {
            return Err(FunctionError::new("too many digits in an exact decimal: use fewer arguments"));
        }
    }
    Ok(Value::Float(result.to_float()))
}

/// Sprig's `round`, which rounds up from a fraction of `on` (0.5) on: of a negative number, never.
fn round(_: &Env, args: &[Value]) -> FunctionResult {
    let (value, places) = (float(args, 0), args::int(args, 1)?);
    let on = match args.get(2) {
        Some(on) => convert::to_float64(on),
        None => 0.5,
    };
    let power = power_of_ten(places);
    let shifted = power * value;
    let rounded = if shifted.fract() >= on { shifted.ceil() } else { shifted.floor() };
    Ok(Value::Float(rounded / power))
}

/// Go's `math.Pow(10, n)`, whose last digit is its own for great exponents: it multiplies squares of the
/// fraction 10/16 and counts powers of two aside (math pow.go).
fn power_of_ten(n: i64) -> f64 {
    match n {
        0 => return 1.0,
        1 => return 10.0,
        _ => {}
    }
    let (mut fraction, mut exponent) = (1.0f64, 0i64);
    let (mut square, mut square_exponent) = (0.625f64, 4i64);
    let mut left = n.unsigned_abs();
    while left != 0 {
        if square_exponent.abs() > 1 << 12 {
            exponent += square_exponent;
            break;
        }
        if left & 1 == 1 {
            fraction *= square;
            exponent += square_exponent;
        }
        square *= square;
        square_exponent <<= 1;
        if square < 0.5 {
            square += square;
            square_exponent -= 1;
        }
        left >>= 1;
    }
    if n < 0 {
        fraction = 1.0 / fraction;
        exponent = -exponent;
    }
    scale_by_two(fraction, exponent)
}

/// `math.Ldexp` of a fraction near 1.
fn scale_by_two(fraction: f64, exponent: i64) -> f64 {
    let exponent = exponent.clamp(-2200, 2200) as i32;
    // Steps that stay in range, the inexact one (into the subnormals) last.
    let mut value = fraction;
    let mut left = exponent;
    while left != 0 {
        let step = left.clamp(-1000, 1000);
        value *= 2f64.powi(step);
        left -= step;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::find;

    fn call(name: &str, args: &[Value]) -> Result<f64, String> {
        let f = find(name).ok_or("no such function")?;
        let value = (f.call)(&Env::default(), args).map_err(|e| e.message)?;
        Ok(convert::to_float64(&value))
    }

    #[test]
    fn rounding_is_sprig_s() {
        for (value, places, on, want) in [
            (-0.4, 0, None, -1.0),
            (123.555, 3, Some(0.5), 123.555),
            (123.5555, 3, None, 123.556),
            (2.5, 0, None, 3.0),
            (-2.5, 0, None, -3.0),
            (1234.0, -2, None, 1200.0),
            (1.5, 0, Some(1.0), 1.0),
        ] {
            let mut args = vec![Value::Float(value), Value::int(places)];
            args.extend(on.map(Value::Float));
            assert_eq!(call("round", &args), Ok(want), "{value} {places} {on:?}");
        }
    }

    #[test]
    fn powers_of_ten_are_go_s_to_the_last_digit() {
        for (n, want) in [
            (22, 1e22),
            (23, 1e23),
            (-3, 0.001),
            (-5, 1e-5),
            (-23, 1.0000000000000001e-23),
            (100, 1.0000000000000002e100),
            (-100, 9.999999999999998e-101),
            (308, 1.0000000000000006e308),
            (-320, 1e-320),
            (400, f64::INFINITY),
            (i64::MAX, f64::INFINITY),
            (i64::MIN, 0.0),
        ] {
            assert_eq!(power_of_ten(n), want, "{n}");
        }
    }

    #[test]
    fn decimals_are_exact() {
        let f = Value::Float;
        assert_eq!(call("addf", &[f(0.1), f(0.2)]), Ok(0.3));
        assert_eq!(call("subf", &[f(0.3), f(0.1)]), Ok(0.2));
        assert_eq!(call("mulf", &[f(1.1), f(3.0)]), Ok(3.3));
        assert_eq!(call("divf", &[f(1.0), f(3.0)]), Ok(0.3333333333333333));
        assert_eq!(call("divf", &[f(2.0), f(3.0)]), Ok(0.6666666666666667));
        assert_eq!(call("divf", &[f(-2.0), f(3.0)]), Ok(-0.6666666666666667));
        assert_eq!(call("divf", &[f(1e-20), f(3.0)]), Ok(0.0));
        assert_eq!(call("addf", &[f(1e300), f(1e-300)]), Ok(1e300));
        assert_eq!(call("add1f", &[f(1.5)]), Ok(2.5));
        assert_eq!(call("divf", &[f(1.0), f(0.0)]), Err("decimal division by 0".into()));
        assert_eq!(call("addf", &[f(f64::NAN)]), Err("Cannot create a Decimal from NaN".into()));
        assert_eq!(call("addf", &[f(f64::INFINITY)]), Err("Cannot create a Decimal from +Inf".into()));
    }

    #[test]
    fn integers_wrap_and_division_by_zero_is_go_s_panic() {
        assert_eq!(
            call("div", &[Value::int(1), Value::Float(0.5)]),
            Err("runtime error: integer divide by zero".into())
        );
        assert_eq!(call("mod", &[Value::int(-7), Value::int(3)]), Ok(-1.0));
        assert_eq!(call("div", &[Value::int(i64::MIN), Value::int(-1)]), Ok(i64::MIN as f64));
        assert_eq!(call("max", &[Value::int(1), "7".into(), Value::Float(3.9)]), Ok(7.0));
        assert_eq!(call("min", &[Value::int(1), Value::Null]), Ok(0.0));
    }
}
