//! generated.proto knows every message and tag, and was made without our reading of Go's tags.

use super::*;
use regex::Regex;

/// Messages that are single values in the table.
const SCALARS: [&str; 24] = [
    "io.k8s.api.authentication.v1.ExtraValue",
    "io.k8s.api.authentication.v1beta1.ExtraValue",
    "io.k8s.api.authorization.v1.ExtraValue",
    "io.k8s.api.authorization.v1beta1.ExtraValue",
    "io.k8s.api.certificates.v1.ExtraValue",
    "io.k8s.api.certificates.v1beta1.ExtraValue",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Verbs",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Timestamp",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Duration",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
    "io.k8s.apimachinery.pkg.api.resource.Quantity",
    "io.k8s.apimachinery.pkg.api.resource.QuantityValue",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    "io.k8s.apimachinery.pkg.runtime.RawExtension",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1beta1.JSON",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1beta1.JSONSchemaPropsOrArray",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1beta1.JSONSchemaPropsOrBool",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1beta1.JSONSchemaPropsOrStringArray",
];

/// Messages of the envelope around an object, which the `codec` crate writes itself, and of a
/// group that upstream has for its own tests.
const LEFT_OUT: [&str; 8] = [
    "io.k8s.apimachinery.pkg.runtime.TypeMeta",
    "io.k8s.apimachinery.pkg.runtime.Unknown",
    "io.k8s.apimachinery.pkg.apis.testapigroup.v1.Carp",
    "io.k8s.apimachinery.pkg.apis.testapigroup.v1.CarpCondition",
    "io.k8s.apimachinery.pkg.apis.testapigroup.v1.CarpInfo",
    "io.k8s.apimachinery.pkg.apis.testapigroup.v1.CarpList",
    "io.k8s.apimachinery.pkg.apis.testapigroup.v1.CarpSpec",
    "io.k8s.apimachinery.pkg.apis.testapigroup.v1.CarpStatus",
];

struct Message {
    name: String,
    /// Tag to name.
    fields: BTreeMap<u32, String>,
}

fn messages() -> Vec<Message> {
    let start = Regex::new(r"^message (\w+) \{").expect("a regex");
    let field =
        Regex::new(r"^  (?:optional|repeated|required|map<).* (\w+) = (\d+);").expect("a regex");
    let package = Regex::new(r"^package (\S+);").expect("a regex");
    let mut messages: Vec<Message> = vec![];
    for module in super::super::MODULES {
        let folder = modules::folder(module, STAGING).expect("the module");
        for path in files_below(&folder, &|name| name == "generated.proto") {
            let text = std::fs::read_to_string(&path).expect("a readable file");
            let mut prefix = String::new();
            for line in text.lines() {
                if let Some(found) = package.captures(line) {
                    let rest = found[1].strip_prefix("k8s.io.").expect("a package of k8s.io");
                    prefix = format!("io.k8s.{}", rest.replace('_', "-"));
                } else if let Some(found) = start.captures(line) {
                    let name = format!("{prefix}.{}", &found[1]);
                    messages.push(Message { name, fields: BTreeMap::new() });
                } else if let Some(found) = field.captures(line) {
                    let tag = found[2].parse().expect("a number");
                    let message = messages.last_mut().expect("fields stand in messages");
                    message.fields.insert(tag, found[1].to_owned());
                }
            }
        }
    }
    messages
}

#[test]
fn tags_are_those_of_protobuf() {
    let schema = schema::builtin();
    let (mut joined, mut missing, mut wrong) = (0, vec![], vec![]);
    for message in messages() {
        let Some(id) = schema.named(&message.name) else {
            missing.push(message.name);
            continue;
        };
        let ours: BTreeSet<u32> =
            schema.get(id).fields.iter().map(|field| field.tag).filter(|tag| *tag > 0).collect();
        let theirs: BTreeSet<u32> = message.fields.keys().copied().collect();
        if ours != theirs {
            wrong.push(format!("{}: {ours:?} against {theirs:?}", message.name));
        }
        joined += theirs.len();
    }
    println!("{joined} tags joined");
    assert_eq!(wrong, [""; 0]);
    missing.sort();
    let mut excepted = [&SCALARS[..], &LEFT_OUT[..]].concat();
    excepted.sort();
    assert_eq!(missing, excepted);
    assert!(joined > 4_000, "{joined}");
}
