//! The values that fields may have, which upstream publishes only from a running server: they stand
//! in its generated Go code.

use super::*;
use regex::Regex;

/// Fields with their values, by the name of the type's function: `api_core_v1_Container`.
fn enumerations() -> BTreeMap<(String, String), Vec<String>> {
    let folder = modules::folder("k8s.io/kubernetes", KUBERNETES).expect("the module");
    let path = folder.join("pkg/generated/openapi/zz_generated.openapi.go");
    let text = std::fs::read_to_string(path).expect("a readable file");
    let owner = Regex::new(r"^func schema_(?:k8sio_)?(\w+)\(").expect("a regex");
    let property = Regex::new(r#"^\t{5}"([^"]+)": \{"#).expect("a regex");
    let values = Regex::new(r"Enum: +\[\]interface\{\}\{(.*)\}").expect("a regex");
    let value = Regex::new(r#""([^"]*)""#).expect("a regex");
    let (mut at, mut name) = (String::new(), String::new());
    let mut found = BTreeMap::new();
    for line in text.lines() {
        if let Some(owner) = owner.captures(line) {
            owner[1].clone_into(&mut at);
        } else if let Some(property) = property.captures(line) {
            property[1].clone_into(&mut name);
        } else if let Some(values) = values.captures(line) {
            let values = value.captures_iter(&values[1]).map(|value| value[1].to_owned());
            found.insert((at.clone(), name.clone()), values.collect());
        }
    }
    found
}

#[test]
fn values_are_those_of_openapi() {
    let schema = schema::builtin();
    let theirs = enumerations();
    assert!(theirs.len() > 130, "{}", theirs.len());
    let owners: BTreeSet<&str> = theirs.keys().map(|(owner, _)| owner.as_str()).collect();
    let mut found = BTreeMap::new();
    for (id, known) in schema.iter() {
        let name = known.name.replace(['.', '-'], "_");
        // The longest, where the name of one type ends another's.
        let ends = owners.iter().filter(|owner| name.ends_with(&format!("_{owner}")));
        let Some(owner) = ends.max_by_key(|owner| owner.len()) else { continue };
        for field in flat_fields(schema, id) {
            let values = schema.enum_values(field);
            if !values.is_empty() {
                let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
                found.insert(((*owner).to_owned(), field.name.to_owned()), values);
            }
        }
    }
    let wrong: Vec<_> =
        found.iter().filter(|(at, values)| theirs.get(at) != Some(values)).collect();
    assert!(wrong.is_empty(), "ours differ: {wrong:?}");
    let missing: Vec<_> = theirs.keys().filter(|at| !found.contains_key(at)).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
}
