//! The one place where this crate asks for a quantity's canonical form.

/// The canonical form of a quantity's text, or upstream's sentence against it.
pub(crate) fn canonical(text: &str) -> Result<String, String> {
    object::quantity::canonical(text.trim()).map_err(|e| e.to_string())
}
