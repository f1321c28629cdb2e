//! Whether a text is PEM of roots: certificates that may sign others, each once. Mirrors
//! `validateTrustBundle` of `pkg/apis/certificates/validation`.

use crate::validation::At;
use object::FieldErrors;
use std::collections::BTreeMap;
use x509_parser::pem::Pem;

const BUNDLE_BYTES: usize = 1 << 20;
const OMITTED: &str = "<value omitted>";

/// The rules for a bundle.
pub(super) fn check(at: &At<'_>, errors: &mut FieldErrors) {
    if at.len() > BUNDLE_BYTES {
        return at.too_long(errors, BUNDLE_BYTES);
    }
    let mut places: BTreeMap<Vec<u8>, Vec<String>> = BTreeMap::new();
    let mut complaints = Vec::new();
    for (place, block) in blocks(at.text()).enumerate() {
        match complaint(&block) {
            Some(why) => complaints.push(format!("entry {place} {why}")),
            None => places.entry(block.der).or_default().push(place.to_string()),
        }
    }
    if complaints.is_empty() {
        if places.is_empty() {
            complaints.push("at least one trust anchor must be provided".to_owned());
        }
        let twice = places.into_values().filter(|places| places.len() > 1);
        complaints.extend(
            twice.map(|places| format!("duplicate trust anchor (indices [{}])", places.join(" "))),
        );
    }
    for why in complaints {
        at.invalid_as(errors, OMITTED, why);
    }
}

struct Block {
    label: String,
    has_headers: bool,
    der: Vec<u8>,
}

fn complaint(block: &Block) -> Option<String> {
    if block.label != "CERTIFICATE" {
        return Some(format!("has bad block type: {}", block.label));
    }
    if block.has_headers {
        return Some("has PEM block headers".to_owned());
    }
    let Ok((_, certificate)) = x509_parser::parse_x509_certificate(&block.der) else {
        return Some("does not parse as X.509".to_owned());
    };
    let is_root = certificate.basic_constraints().ok().flatten().is_some_and(|bc| bc.value.ca);
    (!is_root).then(|| "does not have the CA bit set".to_owned())
}

/// The blocks of a text; what is none is passed over.
fn blocks(text: &str) -> impl Iterator<Item = Block> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find("-----BEGIN ")?;
            rest = &rest[start..];
            let (head, body) = rest["-----BEGIN ".len()..].split_once("-----")?;
            let end = format!("-----END {head}-----");
            let Some(length) = body.find(&end) else {
                rest = body;
                continue;
            };
            let whole = &rest[..rest.len() - body.len() + length + end.len()];
            rest = &body[length + end.len()..];
            let has_headers = body[..length].contains(':');
            let bare = match has_headers {
                false => whole.to_owned(),
                // The headers end at an empty line.
                true => without_headers(head, &body[..length]),
            };
            if let Some(Ok(pem)) = Pem::iter_from_buffer(bare.as_bytes()).next() {
                return Some(Block { label: pem.label, has_headers, der: pem.contents });
            }
        }
    })
}

fn without_headers(label: &str, body: &str) -> String {
    let body = body.split_once("\n\n").map_or(body, |(_, body)| body);
    format!("-----BEGIN {label}-----\n{body}-----END {label}-----")
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::Value;

    fn complaints(text: &str) -> Vec<String> {
        let value = Value::from(text);
        let mut errors = FieldErrors::new();
        check(&At::root(&value), &mut errors);
        errors.0.into_iter().map(|error| error.detail).collect()
    }

    #[test]
    fn what_is_no_root_is_named_by_its_place() {
        let key = "-----BEGIN KEY-----\nAAAA\n-----END KEY-----\n";
        let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let headers = "-----BEGIN CERTIFICATE-----\nA: b\n\nAAAA\n-----END CERTIFICATE-----\n";
        for (text, expected) in [
            ("nothing", vec!["at least one trust anchor must be provided"]),
            (
                &format!("# text\n{key}{junk}{headers}"),
                vec![
                    "entry 0 has bad block type: KEY",
                    "entry 1 does not parse as X.509",
                    "entry 2 has PEM block headers",
                ],
            ),
        ] {
            assert_eq!(complaints(text), expected);
        }
    }
}
