//! Whether a text is PEM of what it should be. The blocks are not looked into.

use crate::core::secret::base64;

struct Block {
    label: String,
    has_headers: bool,
}

/// What is wrong with a request, given as JSON shows it (base64 of PEM).
pub(super) fn request_complaint(base64_text: &str) -> Option<String> {
    let text = base64::decode(base64_text);
    match blocks(&String::from_utf8_lossy(&text)).first() {
        Some(block) if block.label == "CERTIFICATE REQUEST" => None,
        _ => Some("PEM block type must be CERTIFICATE REQUEST".to_owned()),
    }
}

/// What is wrong with an issued certificate, given in the same way; none is no fault.
pub(super) fn certificate_complaint(base64_text: &str) -> Option<String> {
    if base64_text.is_empty() {
        return None;
    }
    let text = base64::decode(base64_text);
    let blocks = blocks(&String::from_utf8_lossy(&text));
    for block in &blocks {
        if block.label != "CERTIFICATE" {
            let label = &block.label;
            return Some(format!("only CERTIFICATE PEM blocks are allowed, found {label:?}"));
        }
        if block.has_headers {
            return Some("no PEM block headers are permitted".to_owned());
        }
    }
    blocks.is_empty().then(|| "must contain at least one CERTIFICATE PEM block".to_owned())
}

/// The blocks that begin and end as they should.
fn blocks(text: &str) -> Vec<Block> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("-----BEGIN ") {
        rest = &rest[start + "-----BEGIN ".len()..];
        let Some((label, body)) = rest.split_once("-----") else { break };
        let end = format!("-----END {label}-----");
        if let Some(length) = body.find(&end) {
            out.push(Block { label: label.to_owned(), has_headers: body[..length].contains(':') });
            rest = &body[length + end.len()..];
        }
    }
    out
}
