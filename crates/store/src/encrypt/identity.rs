//! Values as they are. It refuses to take for plain what was sealed: that would hand the sealed
//! bytes on as an object. Mirrors `storage/value/encrypt/identity`.

/// What every sealed value begins with.
const SEALED: &[u8] = b"k8s:enc:";

/// Whether the stored value is the value.
pub(super) fn open(stored: &[u8]) -> Result<(), &'static str> {
    match stored.starts_with(SEALED) {
        true => Err("identity transformer tried to read encrypted data"),
        false => Ok(()),
    }
}
