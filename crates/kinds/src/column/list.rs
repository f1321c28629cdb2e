//! Lists of which a cell shows the first few.

/// How many of many a cell shows.
pub(crate) const SHOWN: usize = 3;

/// The first of many, and how many more there are: `a,b,c + 2 more...`.
pub(crate) fn first_of<S: AsRef<str>>(items: &[S], shown: usize, separator: &str) -> String {
    let first: Vec<_> = items.iter().take(shown).map(AsRef::as_ref).collect();
    let text = first.join(separator);
    match items.len().checked_sub(shown) {
        None | Some(0) => text,
        Some(more) => format!("{text} + {more} more..."),
    }
}
