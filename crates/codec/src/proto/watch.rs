//! Watch events in protobuf: a length in four bytes, big-endian, and a bare `WatchEvent` message.
//! Only the object inside has an envelope.
//!
//! Mirrors the raw serializer and the length-delimited framer of
//! `k8s.io/apimachinery/pkg/runtime/serializer/protobuf`.

use super::wire::{push_bytes, push_message};

/// Appends an event. `object` has its envelope.
pub fn push_event(out: &mut Vec<u8>, kind: &str, object: &[u8]) {
    let at = out.len();
    out.reserve(object.len() + kind.len() + 24);
    out.extend_from_slice(&[0; 4]);
    push_bytes(out, 1, kind.as_bytes());
    let written: Result<(), std::convert::Infallible> = push_message(out, 2, |out| {
        push_bytes(out, 1, object);
        Ok(())
    });
    let Ok(()) = written;
    let length = (out.len() - at - 4) as u32;
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_event_is_a_frame() {
        let mut out = Vec::new();
        super::push_event(&mut out, "ADDED", b"k8s\0");
        assert_eq!(out, b"\0\0\0\x0f\x0a\x05ADDED\x12\x06\x0a\x04k8s\0");
    }
}
