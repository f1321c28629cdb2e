//! The lines of `tables/defaults.txt`, whose head describes their notation.

use super::condition::Condition;
use super::{Object, is_absent};
use crate::{Field, Schema, Text, TypeId};
use object::Value;

const TABLE: Text = include_str!("../../tables/defaults.txt");

/// A constant that is set where a field is absent.
#[derive(Debug)]
pub(super) struct Rule {
    /// The fields on the way, and whether each is a Go pointer.
    way: Vec<(Text, bool)>,
    /// The field itself.
    name: Text,
    is_absent: Absence,
    value: Value,
    when: Vec<Condition>,
    /// The gate that it waits for.
    pub(super) gate: Option<Text>,
}

/// Which values count as absent beside null, which depends on the field.
#[derive(Debug, Default)]
struct Absence {
    empty: bool,
    zero: bool,
}

impl Rule {
    /// Sets the value, where it is absent, reachable, and the conditions hold.
    pub(super) fn apply(&self, object: &mut Object) {
        if self.when.iter().all(|condition| condition.holds(object)) {
            self.set(&self.way, object);
        }
    }

    fn set(&self, way: &[(Text, bool)], object: &mut Object) {
        let Some(((name, pointer), rest)) = way.split_first() else {
            if self.is_absent.says(object.get(self.name)) {
                object.insert(self.name.to_owned(), self.value.clone());
            }
            return;
        };
        match object.get_mut(*name) {
            Some(Value::Object(inner)) => self.set(rest, inner),
            None | Some(Value::Null) if !pointer => {
                let mut inner = Object::new();
                self.set(rest, &mut inner);
                if !inner.is_empty() {
                    object.insert((*name).to_owned(), Value::Object(inner));
                }
            }
            _ => {}
        }
    }
}

impl Absence {
    /// Asks the one rule of what is absent for the values that differ between fields.
    fn of(field: &Field) -> Self {
        let empty = is_absent(field, Some(&Value::Array(vec![])))
            || is_absent(field, Some(&Value::Object(Object::new())));
        Self { empty, zero: is_absent(field, Some(&Value::String(String::new()))) }
    }

    fn says(&self, value: Option<&Value>) -> bool {
        match value {
            None | Some(Value::Null) => true,
            Some(Value::Array(items)) => self.empty && items.is_empty(),
            Some(Value::Object(entries)) => self.empty && entries.is_empty(),
            Some(Value::String(text)) => self.zero && text.is_empty(),
            Some(Value::Number(number)) => self.zero && number.as_f64() == Some(0.0),
            Some(Value::Bool(on)) => self.zero && !on,
        }
    }
}

/// The rules for the types of a schema, and the lines that are not understood with it.
pub(super) fn read(schema: &Schema) -> (Vec<(TypeId, Rule)>, Vec<Text>) {
    let (mut rules, mut rest) = (vec![], vec![]);
    let mut packages = "";
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(names) = line.strip_prefix("package ") {
            packages = names;
            continue;
        }
        let known = rules.len();
        rules.extend(packages.split(' ').filter_map(|package| parse(schema, package, line)));
        if rules.len() == known {
            rest.push(line);
        }
    }
    (rules, rest)
}

fn parse(schema: &Schema, package: Text, line: Text) -> Option<(TypeId, Rule)> {
    let (line, gate) = match line.rsplit_once(" gate ") {
        Some((line, gate)) => (line, Some(gate)),
        None => (line, None),
    };
    let (line, when) = line.split_once(" when ").unwrap_or((line, ""));
    let mut words = line.splitn(3, ' ');
    let id = schema.named(&format!("{package}.{}", words.next()?))?;
    let path = words.next()?;
    let (path, only_null) = match path.strip_suffix('!') {
        Some(path) => (path, true),
        None => (path, false),
    };
    let mut path: Vec<Text> = path.split('.').collect();
    let value = serde_json::from_str(words.next()?).ok()?;
    let name = path.pop()?;

    let (mut way, mut at) = (vec![], id);
    for step in path {
        let field = schema.field(at, step)?;
        let crate::Shape::Struct(inner) = field.shape else { return None };
        way.push((field.name, field.pointer));
        at = inner;
    }
    let field = schema.field(at, name)?;
    let conditions = when.split(" and ").filter(|text| !text.is_empty());
    let when = conditions.map(Condition::parse).collect::<Option<_>>()?;
    let is_absent = if only_null { Absence::default() } else { Absence::of(field) };
    Some((id, Rule { way, name, is_absent, value, when, gate }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_understood() {
        let (rules, rest) = read(crate::builtin());
        assert_eq!(rest, [""; 0]);
        assert!(rules.len() > 150, "{}", rules.len());
    }
}
