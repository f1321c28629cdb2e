//! The OpenAPI v3 documents know every property of what is served, and how lists and maps merge.

use super::*;
use object::Gvk;

/// Definitions that are single values in the table.
const SCALARS: [&str; 10] = [
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray",
    "io.k8s.apimachinery.pkg.api.resource.Quantity",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
    "io.k8s.apimachinery.pkg.runtime.RawExtension",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
];

fn definitions() -> BTreeMap<String, Value> {
    let folder = modules::folder("k8s.io/kubernetes", KUBERNETES).expect("the module");
    let mut all = BTreeMap::new();
    for path in files_below(&folder.join("api/openapi-spec/v3"), &|name| name.ends_with(".json")) {
        let text = std::fs::read(&path).expect("a readable file");
        let document: Value = serde_json::from_slice(&text).expect("JSON");
        if let Some(schemas) = document["components"]["schemas"].as_object() {
            all.extend(schemas.clone());
        }
    }
    all
}

#[test]
fn properties_are_those_of_openapi() {
    let schema = schema::builtin();
    let (mut missing, mut wrong, mut joined) = (vec![], vec![], 0);
    for (name, definition) in definitions() {
        let Some(id) = schema.named(&name) else {
            missing.push(name);
            continue;
        };
        joined += 1;
        let fields = flat_fields(schema, id);
        let none = serde_json::Map::new();
        let properties = definition["properties"].as_object().unwrap_or(&none);
        let ours: BTreeSet<&str> = fields.iter().map(|field| field.name).collect();
        let theirs: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        if ours != theirs {
            let differ: Vec<_> = ours.symmetric_difference(&theirs).collect();
            wrong.push(format!("{name}: {differ:?}"));
        }
        let required: BTreeSet<&str> = definition["required"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let atomic = definition["x-kubernetes-map-type"] == "atomic";
        if atomic != schema.get(id).atomic {
            wrong.push(format!("{name}: atomic {}", schema.get(id).atomic));
        }
        for field in fields {
            let property = &properties[field.name];
            if field.required != required.contains(field.name) {
                wrong.push(format!("{name}.{}: required {}", field.name, field.required));
            }
            for difference in merge_differences(field, property) {
                wrong.push(format!("{name}.{}: {difference}", field.name));
            }
        }
    }
    println!("{joined} definitions joined");
    assert_eq!(missing, SCALARS);
    assert_eq!(wrong, [""; 0]);
    assert!(joined > 700, "{joined}");
}

fn merge_differences(field: &Field, property: &Value) -> Vec<String> {
    let text = |key: &str| property[format!("x-kubernetes-{key}")].as_str();
    let expected = match (text("list-type"), text("map-type")) {
        (Some("atomic"), _) | (_, Some("atomic")) => Merge::Atomic,
        (Some("set"), _) => Merge::Set,
        (_, Some("granular")) => Merge::Granular,
        (Some("map"), _) => {
            let keys = property["x-kubernetes-list-map-keys"].as_array();
            let keys = keys.into_iter().flatten().filter_map(Value::as_str);
            Merge::Keys(keys.map(|key| &*key.to_owned().leak()).collect())
        }
        _ => Merge::Default,
    };
    let mut differences = vec![];
    if field.merge != expected {
        differences.push(format!("merge {:?}, upstream {expected:?}", field.merge));
    }
    if field.patch_merge_key != text("patch-merge-key") {
        differences.push(format!("merge key {:?}", field.patch_merge_key));
    }
    if field.patch_strategy != text("patch-strategy") {
        differences.push(format!("patch strategy {:?}", field.patch_strategy));
    }
    if let Some(default) = field.default {
        let ours: Value = serde_json::from_str(default).expect("a default is JSON");
        if ours != property["default"] {
            differences.push(format!("default {ours}, upstream {}", property["default"]));
        }
    } else if let Some(theirs) = property.get("default") {
        // OpenAPI also publishes the zero value of a field that is no pointer.
        let zero = match theirs {
            Value::String(text) => text.is_empty(),
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::Bool(on) => !on,
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        if !zero {
            differences.push(format!("no default, upstream {theirs}"));
        }
    }
    differences
}

#[test]
fn roots_are_those_of_openapi() {
    let schema = schema::builtin();
    let (mut wrong, mut joined) = (vec![], 0);
    for (name, definition) in definitions() {
        let gvks = definition["x-kubernetes-group-version-kind"].as_array();
        for gvk in gvks.into_iter().flatten() {
            let part = |key: &str| gvk[key].as_str().unwrap_or_default().to_owned();
            let gvk = Gvk::new(part("group"), part("version"), part("kind"));
            if schema.root(&gvk) != schema.named(&name) || schema.named(&name).is_none() {
                wrong.push(format!("{name}: {gvk:?}"));
            }
            joined += 1;
        }
    }
    println!("{joined} roots joined");
    assert_eq!(wrong, [""; 0]);
    assert!(joined > 150, "{joined}");
}
