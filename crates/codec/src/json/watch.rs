//! Watch events in JSON: one object a line.

use super::text::push_string;

/// Appends an event. `object` is the object's JSON with or without its newline.
pub fn push_event(out: &mut Vec<u8>, kind: &str, object: &[u8]) {
    out.reserve(object.len() + kind.len() + 24);
    out.extend_from_slice(b"{\"type\":");
    push_string(out, kind);
    out.extend_from_slice(b",\"object\":");
    out.extend_from_slice(object.strip_suffix(b"\n").unwrap_or(object));
    out.extend_from_slice(b"}\n");
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_event_is_a_line() {
        let mut out = Vec::new();
        super::push_event(&mut out, "ADDED", b"{\"kind\":\"Pod\"}\n");
        assert_eq!(out, b"{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\"}}\n");
    }
}
