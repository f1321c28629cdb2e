//! `resource.Quantity`: `500m`, `1.5Gi`, `2e3`. Exact, and printed byte for byte as Go prints it.
//!
//! Mirrors `k8s.io/apimachinery/pkg/api/resource`. Not without bounds, where Go's is: a number has
//! at most 38 digits.

use std::cmp::Ordering;
use std::fmt;

/// Why a text is no quantity; says what upstream says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// It doesn't look like one.
    #[error(
        "quantities must match the regular expression \
         '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )]
    Format,
    /// The number has too many digits.
    #[error("unable to parse numeric part of quantity")]
    Number,
    /// What follows the number is no unit.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// The family of suffixes that a quantity was written with, and is printed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `12e6`.
    DecimalExponent,
    /// `12Mi`.
    BinarySi,
    /// `12M`.
    DecimalSi,
}

/// An amount: `mantissa * 10^exponent`, and how it is written.
#[derive(Clone, Debug)]
pub struct Quantity {
    mantissa: i128,
    exponent: i32,
    format: Format,
    /// The text as it was read, where upstream takes it for canonical already.
    text: Option<Box<str>>,
}

/// No amount is finer than this power of ten.
const NANO: i32 = -9;
const MILLI: i32 = -3;
/// Binary amounts are cut to what fits into 64 bits.
const BINARY_MAX: i128 = i64::MAX as i128;
/// Up to so many digits, upstream calculates in 64 bits.
const INT64_DIGITS: i32 = 18;

const SUFFIXES: [(&str, Format, i32); 16] = [
    ("", Format::DecimalSi, 0),
    ("n", Format::DecimalSi, -9),
    ("u", Format::DecimalSi, -6),
    ("m", Format::DecimalSi, -3),
    ("k", Format::DecimalSi, 3),
    ("M", Format::DecimalSi, 6),
    ("G", Format::DecimalSi, 9),
    ("T", Format::DecimalSi, 12),
    ("P", Format::DecimalSi, 15),
    ("E", Format::DecimalSi, 18),
    ("Ki", Format::BinarySi, 10),
    ("Mi", Format::BinarySi, 20),
    ("Gi", Format::BinarySi, 30),
    ("Ti", Format::BinarySi, 40),
    ("Pi", Format::BinarySi, 50),
    ("Ei", Format::BinarySi, 60),
];

/// The canonical text of a quantity, as upstream stores and answers it.
///
/// # Errors
/// Where the text is no quantity.
pub fn canonical(text: &str) -> Result<String, QuantityError> {
    Quantity::parse(text).map(|quantity| quantity.to_string())
}

impl Quantity {
    /// Nothing, in decimal units.
    pub const ZERO: Self = Self { mantissa: 0, exponent: 0, format: Format::DecimalSi, text: None };

    /// A whole number.
    pub fn new(value: i64, format: Format) -> Self {
        Self { mantissa: value.into(), exponent: 0, format, text: None }
    }

    /// A number of thousandths.
    pub fn from_milli(value: i64, format: Format) -> Self {
        Self { mantissa: value.into(), exponent: MILLI, format, text: None }
    }

    /// Reads a quantity. Space around it is no part of it; JSON's reader cuts it off before.
    ///
    /// # Errors
    /// Where the text is no quantity.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let parts = Parts::split(text)?;
        let (format, exponent) = suffix(parts.suffix)?;
        let shifted = format!("{}{}", parts.whole, parts.fraction);
        let magnitude: i128 = shifted.parse().map_err(|_| QuantityError::Number)?;
        let mantissa = if parts.negative { -magnitude } else { magnitude };
        let exponent_of_fraction = -(parts.fraction.len() as i32);
        let mut quantity = match format {
            Format::BinarySi => {
                let mantissa = match mantissa.checked_mul(1 << exponent) {
                    Some(product) => product,
                    // Far over the limit, to which it is cut below.
                    None if parts.fraction.is_empty() => BINARY_MAX * mantissa.signum(),
                    None => return Err(QuantityError::Number),
                };
                Self { mantissa, exponent: exponent_of_fraction, format, text: None }
            }
            _ => Self {
                mantissa,
                exponent: exponent.saturating_add(exponent_of_fraction),
                format,
                text: None,
            },
        };
        if is_kept(&parts, &shifted, format, exponent, quantity.exponent) {
            quantity.text = Some(text.into());
        } else {
            quantity.limit();
        }
        Ok(quantity)
    }

    /// Rounds to what upstream can hold: nanos away from zero, binary amounts to 64 bits.
    fn limit(&mut self) {
        self.round_up(NANO);
        if self.format == Format::BinarySi {
            let one = Self::new(1, Format::DecimalSi);
            let top = Self { mantissa: BINARY_MAX, ..one.clone() };
            let magnitude = Self { mantissa: self.mantissa.abs(), ..self.clone() };
            if magnitude > top {
                (self.mantissa, self.exponent) = (BINARY_MAX * self.mantissa.signum(), 0);
            }
            if magnitude < one && magnitude.mantissa != 0 {
                self.format = Format::DecimalSi;
            }
        }
    }

    /// How it is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    /// -1, 0 or 1.
    pub fn sign(&self) -> i32 {
        self.mantissa.signum() as i32
    }

    /// In whole units, rounded up (away from zero); at most what 64 bits hold.
    pub fn value(&self) -> i64 {
        self.scaled(0)
    }

    /// In thousandths, rounded up (away from zero); at most what 64 bits hold.
    pub fn milli_value(&self) -> i64 {
        self.scaled(MILLI)
    }

    fn scaled(&self, exponent: i32) -> i64 {
        let value = rescale(self.mantissa, self.exponent, exponent);
        value.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    /// Drops what is finer than a power of ten, away from zero.
    pub fn round_up(&mut self, exponent: i32) {
        if self.exponent < exponent {
            self.mantissa = rescale(self.mantissa, self.exponent, exponent);
            self.exponent = exponent;
            self.text = None;
        }
    }

    /// Drops what is finer than a thousandth, away from zero.
    pub fn round_up_to_milli(&mut self) {
        self.round_up(MILLI);
    }

    /// Adds; the sum takes the other's notation where this was nothing. Stays at the bounds of 128
    /// bits, where upstream's would go on.
    pub fn add(&mut self, other: &Self) {
        if self.is_zero() {
            self.format = other.format;
        }
        self.text = None;
        if other.is_zero() {
            return;
        }
        if self.is_zero() {
            (self.mantissa, self.exponent) = (other.mantissa, other.exponent);
            return;
        }
        let exponent = self.exponent.min(other.exponent);
        let a = rescale(self.mantissa, self.exponent, exponent);
        let b = rescale(other.mantissa, other.exponent, exponent);
        (self.mantissa, self.exponent) = (a.saturating_add(b), exponent);
    }

    /// Takes away, by the rules of [`Quantity::add`].
    pub fn sub(&mut self, other: &Self) {
        let negative = Self { mantissa: -other.mantissa, text: None, ..other.clone() };
        self.add(&negative);
    }

    /// The nearest floating-point number.
    pub fn as_f64(&self) -> f64 {
        self.mantissa as f64 * 10_f64.powi(self.exponent)
    }
}

/// The value in another power of ten: away from zero where digits fall off, at the bounds of 128
/// bits where there are too many.
fn rescale(mantissa: i128, from: i32, to: i32) -> i128 {
    let steps = i64::from(from) - i64::from(to);
    if mantissa == 0 || steps == 0 {
        return mantissa;
    }
    let factor = u32::try_from(steps.unsigned_abs()).ok().and_then(|n| 10_i128.checked_pow(n));
    match factor {
        Some(factor) if steps > 0 => mantissa.saturating_mul(factor),
        None if steps > 0 => {
            if mantissa > 0 {
                i128::MAX
            } else {
                i128::MIN
            }
        }
        Some(factor) if mantissa % factor == 0 => mantissa / factor,
        Some(factor) => mantissa / factor + mantissa.signum(),
        None => mantissa.signum(),
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = self.sign().cmp(&other.sign());
        if sign != Ordering::Equal || self.exponent == other.exponent {
            return sign.then(self.mantissa.cmp(&other.mantissa));
        }
        let (a, a_exponent) = normal(self.mantissa, self.exponent);
        let (b, b_exponent) = normal(other.mantissa, other.exponent);
        if a == 0 && b == 0 {
            return Ordering::Equal;
        }
        // The place of the first digit decides; where it is the same, so few digits differ that
        // both fit when written in the finer unit.
        let place = |m: i128, e: i32| i64::from(m.unsigned_abs().ilog10()) + i64::from(e);
        let exponent = a_exponent.min(b_exponent);
        let by_magnitude = place(a, a_exponent).cmp(&place(b, b_exponent)).then_with(|| {
            let a = rescale(a, a_exponent, exponent).unsigned_abs();
            a.cmp(&rescale(b, b_exponent, exponent).unsigned_abs())
        });
        if self.sign() < 0 { by_magnitude.reverse() } else { by_magnitude }
    }
}

/// Without trailing zeros.
fn normal(mut mantissa: i128, mut exponent: i32) -> (i128, i32) {
    while mantissa != 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        exponent = exponent.saturating_add(1);
    }
    (mantissa, exponent)
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.text {
            return f.write_str(text);
        }
        if self.is_zero() {
            return f.write_str("0");
        }
        if self.format == Format::BinarySi {
            let (mantissa, exponent) = normal(self.mantissa, self.exponent);
            let whole = rescale(mantissa, exponent, 0);
            if exponent >= 0 && whole.unsigned_abs() >= 1024 {
                return binary(f, whole);
            }
        }
        self.decimal(f)
    }
}

impl Quantity {
    fn decimal(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut mantissa, mut exponent) = normal(self.mantissa, self.exponent);
        let surplus = exponent.rem_euclid(3);
        // A number of 38 digits can grow by two more; it is printed as digits with zeros then.
        let zeros = match mantissa.checked_mul(10_i128.pow(surplus as u32)) {
            Some(product) => {
                mantissa = product;
                ""
            }
            None => &"00"[..surplus as usize],
        };
        exponent -= surplus;
        write!(f, "{mantissa}{zeros}")?;
        if self.format == Format::DecimalExponent {
            return if exponent == 0 { Ok(()) } else { write!(f, "e{exponent}") };
        }
        let unit = SUFFIXES.iter().find(|(_, fmt, e)| *fmt == Format::DecimalSi && *e == exponent);
        // Upstream prints no suffix at all beyond its largest.
        f.write_str(unit.map_or("", |(suffix, ..)| suffix))
    }
}

fn binary(f: &mut fmt::Formatter<'_>, mut whole: i128) -> fmt::Result {
    let mut exponent = 0;
    while whole % 1024 == 0 {
        whole /= 1024;
        exponent += 10;
    }
    let unit = SUFFIXES.iter().find(|(_, fmt, e)| *fmt == Format::BinarySi && *e == exponent);
    write!(f, "{whole}{}", unit.map_or("", |(suffix, ..)| suffix))
}

/// A quantity's text, taken apart.
struct Parts<'a> {
    negative: bool,
    /// Without leading zeros, but never empty.
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let significant = unsigned.trim_start_matches('0');
        let (whole, rest) = digits(significant);
        let whole = if whole.is_empty() { "0" } else { whole };
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => digits(rest),
            None => ("", rest),
        };
        let exponent = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if !digits(exponent).1.is_empty() {
            return Err(QuantityError::Format);
        }
        Ok(Self { negative, whole, fraction, suffix })
    }
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn suffix(text: &str) -> Result<(Format, i32), QuantityError> {
    if let Some((_, format, exponent)) = SUFFIXES.iter().find(|(suffix, ..)| *suffix == text) {
        return Ok((*format, *exponent));
    }
    let exponent = text.strip_prefix(['e', 'E']).and_then(|digits| digits.parse::<i64>().ok());
    match exponent.map(i32::try_from) {
        Some(Ok(exponent)) => Ok((Format::DecimalExponent, exponent)),
        _ => Err(QuantityError::Suffix),
    }
}

/// Whether upstream keeps the text as it is. It does so in its fast path, for numbers that need no
/// obvious change, which is not quite the same as being canonical: `1.500` stays.
fn is_kept(parts: &Parts<'_>, shifted: &str, format: Format, unit: i32, exponent: i32) -> bool {
    let whole_digits = parts.whole.len() as i32;
    match format {
        Format::BinarySi => {
            let room = 15 - whole_digits - unit * 3 / 10 - 1;
            let last = shifted.parse::<i64>().unwrap_or_default();
            parts.fraction.is_empty() && room >= 0 && last & 7 != 0
        }
        _ => {
            let room = INT64_DIGITS - whole_digits - parts.fraction.len() as i32;
            room >= 0
                && exponent >= NANO
                && exponent % 3 == 0
                && !shifted.ends_with("000")
                && !shifted.starts_with('0')
        }
    }
}

#[cfg(test)]
mod tests;
