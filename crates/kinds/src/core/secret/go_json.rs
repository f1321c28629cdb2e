//! How Go's `encoding/json` complains about text that is no JSON, for the cases that people
//! make: nothing, or something that begins wrongly.

/// The complaint about a text that can't be read.
pub(super) fn complaint(text: &[u8]) -> String {
    let first = text.iter().find(|b| !b.is_ascii_whitespace());
    match first {
        None => "unexpected end of JSON input".to_owned(),
        Some(letter) if !b"{[\"-0123456789tfn".contains(letter) => format!(
            "invalid character {} looking for beginning of value",
            quoted(char::from(*letter))
        ),
        Some(_) => "unexpected end of JSON input".to_owned(),
    }
}

fn quoted(letter: char) -> String {
    match letter {
        '\'' => r"'\''".to_owned(),
        '"' => "'\"'".to_owned(),
        other => format!("'{other}'"),
    }
}
