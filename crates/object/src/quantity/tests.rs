//! Canonical forms as Go prints them, arithmetic, and the limits.

use super::{Format, Quantity, QuantityError, canonical};

#[test]
fn canonical_forms_are_gos() {
    for (text, expected) in [
        ("0", "0"),
        ("-0", "0"),
        ("00", "0"),
        ("0Ki", "0"),
        ("1000m", "1"),
        ("1024Ki", "1Mi"),
        ("1Ki", "1Ki"),
        ("8Ki", "8Ki"),
        ("1e3", "1e3"),
        ("1E3", "1E3"),
        ("1000e0", "1e3"),
        ("0.5Gi", "512Mi"),
        ("1.5Gi", "1536Mi"),
        ("0.5", "500m"),
        ("0.1", "100m"),
        ("100m", "100m"),
        ("1500m", "1500m"),
        ("2000m", "2"),
        ("1.5", "1500m"),
        ("1.500", "1.500"),
        ("1.0", "1"),
        ("0.001k", "1"),
        ("1k", "1k"),
        ("1000", "1k"),
        ("1024", "1024"),
        ("128974848", "128974848"),
        ("129e6", "129e6"),
        ("129M", "129M"),
        ("123Mi", "123Mi"),
        ("12345678901234567890", "12345678901234567890"),
        ("1n", "1n"),
        ("0.1n", "1n"),
        ("1.1n", "2n"),
        ("-1.1n", "-2n"),
        ("0.5Ki", "512"),
        ("1.1Ki", "1126400m"),
        ("0.0001Ki", "102400u"),
        ("9Ei", "9223372036854775807"),
        ("-1024Ki", "-1Mi"),
        ("1E", "1E"),
        ("+1", "+1"),
        (".5", "500m"),
        ("5.", "5."),
        ("1e-3", "1e-3"),
        ("1e2", "100"),
        ("16Gi", "16Gi"),
        ("1048576Ki", "1Gi"),
    ] {
        assert_eq!(canonical(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_quantity_is_refused() {
    for (text, expected) in [
        ("", QuantityError::Format),
        ("1 ", QuantityError::Format),
        ("a", QuantityError::Format),
        ("1.2.3", QuantityError::Format),
        ("1b", QuantityError::Format),
        ("1mm", QuantityError::Suffix),
        ("1KiKi", QuantityError::Suffix),
        ("1K", QuantityError::Suffix),
        ("1e", QuantityError::Suffix),
        ("1234567890123456789012345678901234567890", QuantityError::Number),
    ] {
        assert_eq!(canonical(text), Err(expected), "{text}");
    }
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).expect(text)
}

#[test]
fn quantities_are_compared_by_amount() {
    let ascending = [
        "-1e40", "-1", "-1m", "0", "1n", "1m", "0.5", "1", "1001m", "1k", "1Ki", "1M", "1Mi",
        "1e40",
    ];
    for pair in ascending.windows(2) {
        assert!(quantity(pair[0]) < quantity(pair[1]), "{pair:?}");
        assert!(quantity(pair[1]) > quantity(pair[0]), "{pair:?}");
    }
    assert_eq!(quantity("1000m"), quantity("1"));
    assert_eq!(quantity("1Gi"), quantity("1073741824"));
    assert_eq!(quantity("1e30"), quantity("1000000000000000000000000000000"));
}

#[test]
fn quantities_are_added_and_taken_away() {
    for (a, b, sum, difference) in [
        ("1", "500m", "1500m", "500m"),
        ("1Gi", "512Mi", "1536Mi", "512Mi"),
        ("0", "1Gi", "1Gi", "-1Gi"),
        ("1Gi", "0", "1Gi", "1Gi"),
        ("1.5", "1.5", "3", "0"),
        ("1k", "1Ki", "2024", "-24"),
    ] {
        let (mut plus, mut minus) = (quantity(a), quantity(a));
        plus.add(&quantity(b));
        minus.sub(&quantity(b));
        assert_eq!(
            (plus.to_string(), minus.to_string()),
            (sum.into(), difference.into()),
            "{a} {b}"
        );
    }
}

#[test]
fn values_are_rounded_away_from_zero() {
    for (text, value, milli) in [
        ("1500m", 2, 1500),
        ("-1500m", -2, -1500),
        ("1n", 1, 1),
        ("2Gi", 2_147_483_648, 2_147_483_648_000),
        ("1e30", i64::MAX, i64::MAX),
        ("0", 0, 0),
    ] {
        assert_eq!(
            (quantity(text).value(), quantity(text).milli_value()),
            (value, milli),
            "{text}"
        );
    }
    let mut cpu = quantity("100u");
    cpu.round_up_to_milli();
    assert_eq!(cpu.to_string(), "1m");
    assert_eq!(Quantity::from_milli(250, Format::DecimalSi).to_string(), "250m");
    assert_eq!(Quantity::new(1 << 20, Format::BinarySi).to_string(), "1Mi");
}
