//! Field paths as people read them: `spec.containers[0].ports[1].name`, `metadata.labels[key]`.
//!
//! Not for walking a tree; only for saying where something is. Mirrors
//! `k8s.io/apimachinery/pkg/util/validation/field.Path`.

use std::fmt;
use std::ops::Deref;

/// A path that grows by children, indices and keys; each step makes a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath(String);

impl FieldPath {
    /// Starts at a field; an empty name is the object itself, which prints as nothing.
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// A field of what the path names.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let dot = if self.0.is_empty() { "" } else { "." };
        Self(format!("{}{dot}{name}", self.0))
    }

    /// An item of the list which the path names.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// An entry of the map which the path names.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }
}

impl Deref for FieldPath {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<FieldPath> for String {
    fn from(path: FieldPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::FieldPath;

    #[test]
    fn paths_print_as_upstream() {
        let spec = FieldPath::new("spec");
        let port = spec.child("containers").index(0).child("ports").index(1).child("name");
        assert_eq!(&*port, "spec.containers[0].ports[1].name");
        let label = FieldPath::new("metadata").child("labels").key("example.com/a");
        assert_eq!(label.to_string(), "metadata.labels[example.com/a]");
        assert_eq!(FieldPath::default().child("spec").to_string(), "spec");
    }
}
