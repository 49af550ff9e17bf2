//! `shopspring/decimal` 1.4, as far as Sprig uses it: whole numbers times a power of ten.

use num_bigint::{BigInt, Sign};

use crate::functions::FunctionError;
use crate::value::number;

/// `value × 10^exponent`
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    value: BigInt,
    exponent: i64,
}

/// Digits after the point that a quotient is rounded to.
const DIVISION_PRECISION: i64 = 16;

impl Decimal {
    /// The decimal that a float prints as.
    pub(super) fn from_float(f: f64) -> Result<Decimal, FunctionError> {
        if !f.is_finite() {
            let name = number::format_g(f);
            return Err(FunctionError::new(format!("Cannot create a Decimal from {name}")));
        }
        let shortest = number::shortest(f);
        let value = BigInt::parse_bytes(shortest.digits.as_bytes(), 10).unwrap_or_default();
        let exponent = i64::from(shortest.point) - shortest.digits.len() as i64;
        Ok(Decimal { value: if shortest.negative { -value } else { value }, exponent })
    }

    /// The nearest float.
    pub(super) fn to_float(&self) -> f64 {
        format!("{}e{}", self.value, self.exponent).parse().unwrap_or(f64::NAN)
    }

    /// Whether it has so many digits that going on would take too long.
    pub(super) fn is_huge(&self) -> bool {
        self.value.bits() > 1 << 17
    }

    /// The value with a lower exponent.
    fn scaled(&self, exponent: i64) -> BigInt {
        &self.value * ten_to(self.exponent - exponent)
    }

    pub(super) fn add(&self, other: &Decimal) -> Decimal {
        let exponent = self.exponent.min(other.exponent);
        Decimal { value: self.scaled(exponent) + other.scaled(exponent), exponent }
    }

    pub(super) fn sub(&self, other: &Decimal) -> Decimal {
        let exponent = self.exponent.min(other.exponent);
        Decimal { value: self.scaled(exponent) - other.scaled(exponent), exponent }
    }

    pub(super) fn mul(&self, other: &Decimal) -> Decimal {
        Decimal { value: &self.value * &other.value, exponent: self.exponent + other.exponent }
    }

    /// The quotient, rounded to sixteen digits after the point, halves away from zero.
    pub(super) fn div(&self, other: &Decimal) -> Result<Decimal, FunctionError> {
        if other.value.sign() == Sign::NoSign {
            return Err(FunctionError::new("decimal division by 0"));
        }
        // In units of the last digit wanted.
        let shift = self.exponent - other.exponent + DIVISION_PRECISION;
        let (above, below) = (&self.value * ten_to(shift), &other.value * ten_to(-shift));
        let (quotient, rest) = (&above / &below, &above % &below);
        let up = rest.magnitude() * 2u32 >= *below.magnitude();
        let away = if above.sign() == below.sign() { BigInt::from(1) } else { BigInt::from(-1) };
        Ok(Decimal { value: if up { quotient + away } else { quotient }, exponent: -DIVISION_PRECISION })
    }
}

/// 10 to the power of n, or 1 if n is negative. A float's exponent keeps n small.
fn ten_to(n: i64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(n).unwrap_or(0))
}
