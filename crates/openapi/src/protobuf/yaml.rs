//! Values as YAML, which is how gnostic carries those that have no message of their own: lists,
//! maps and plain words.
//!
//! Mirrors the block style of `go.yaml.in/yaml/v3` for what documents have.

use crate::node::Node;

/// The columns in which maps below others stand are multiples of this.
const INDENT: usize = 4;

/// A value with a newline at its end.
pub(super) fn write(value: &Node) -> String {
    let mut to = String::new();
    block(value, 0, &mut to);
    to
}

/// Writes a value whose first line is already indented.
fn block(value: &Node, indent: usize, to: &mut String) {
    match value {
        Node::List(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    spaces(indent, to);
                }
                to.push_str("- ");
                block(item, indent + 2, to);
            }
        }
        Node::Map(fields) if !fields.is_empty() => {
            for (at, (name, value)) in fields.0.iter().enumerate() {
                if at > 0 {
                    spaces(indent, to);
                }
                to.push_str(&word(name));
                to.push(':');
                let nested = matches!(value, Node::List(items) if !items.is_empty())
                    || matches!(value, Node::Map(fields) if !fields.is_empty());
                if nested {
                    let below = (indent / INDENT + 1) * INDENT;
                    to.push('\n');
                    spaces(below, to);
                    block(value, below, to);
                } else {
                    to.push(' ');
                    block(value, indent, to);
                }
            }
        }
        Node::List(_) => to.push_str("[]\n"),
        Node::Map(_) => to.push_str("{}\n"),
        Node::Bool(value) => to.push_str(if *value { "true\n" } else { "false\n" }),
        Node::Int(number) => to.push_str(&format!("{number}\n")),
        Node::Text(text) => {
            to.push_str(&word(text));
            to.push('\n');
        }
    }
}

fn spaces(count: usize, to: &mut String) {
    to.extend(std::iter::repeat_n(' ', count));
}

/// A text as it is; in double quotes where YAML would take it for something else than a text,
/// in single ones where it could not stand at all.
fn word(text: &str) -> String {
    const NOT_TEXTS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"];
    let looks_else = text.is_empty()
        || text.starts_with(|first: char| first.is_ascii_digit())
        || NOT_TEXTS.contains(&text.to_ascii_lowercase().as_str());
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && !text.ends_with(' ')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || " -_./,+$".contains(c));
    let printable = !text.contains(['\'', '\\']) && !text.contains(char::is_control);
    match (looks_else, plain) {
        (false, true) => text.to_owned(),
        (false, false) if printable => format!("'{text}'"),
        _ => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Fields;

    #[test]
    fn values_are_written_in_blocks() {
        let members = Fields::new().with("queuing", "Queuing");
        let union = Fields::new().with("discriminator", "type").with("fields", members);
        let kind = Fields::new().with("group", "").with("version", "v1").with("kind", "Pod");
        for (value, text) in [
            (Node::from("merge,retainKeys"), "merge,retainKeys\n"),
            (Node::from("cert sign"), "cert sign\n"),
            (Node::from("*"), "'*'\n"),
            (Node::from("True"), "\"True\"\n"),
            (vec!["containerPort", "protocol"].into(), "- containerPort\n- protocol\n"),
            (vec![union].into(), "- discriminator: type\n  fields:\n    queuing: Queuing\n"),
            (kind.clone().into(), "group: \"\"\nversion: v1\nkind: Pod\n"),
            (
                vec![kind.clone(), kind].into(),
                "- group: \"\"\n  version: v1\n  kind: Pod\n- group: \"\"\n  version: v1\n  \
                 kind: Pod\n",
            ),
        ] {
            assert_eq!(write(&value), text);
        }
    }
}
