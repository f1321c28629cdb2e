//! A field whose versions call it by different names.

use object::Value;

/// Moves a field to another name; an absent one leaves the other absent.
pub(super) fn rename(object: &mut Value, from: &str, to: &str) {
    if let Some(object) = object.as_object_mut() {
        match object.remove(from) {
            Some(value) => object.insert(to.to_owned(), value),
            None => object.remove(to),
        };
    }
}
