//! Single values whose JSON text means more than its characters: times, durations, quantities.

pub(crate) mod quantity;
pub(crate) mod time;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// `[]byte` as JSON holds it.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Appends `[]byte` as JSON holds it, without quotes.
pub(crate) fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    let at = out.len();
    out.resize(at + bytes.len().div_ceil(3) * 4, 0);
    STANDARD.encode_slice(bytes, &mut out[at..]).expect("sized for base64 above");
}

/// Reads base64 as Go does: line breaks are skipped.
pub(crate) fn unbase64(text: &str) -> Result<Vec<u8>, String> {
    let clean: std::borrow::Cow<'_, str> = if text.contains(['\n', '\r']) {
        text.replace(['\n', '\r'], "").into()
    } else {
        text.into()
    };
    STANDARD.decode(clean.as_bytes()).map_err(|e| {
        let at = match e {
            base64::DecodeError::InvalidByte(at, _) => at,
            base64::DecodeError::InvalidLastSymbol(at, _) => at,
            _ => clean.len() / 4 * 4,
        };
        format!("illegal base64 data at input byte {at}")
    })
}
