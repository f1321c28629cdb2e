//! How the table of types is read, and what a line in it that is wrong is told.

use super::*;
use crate::builtin;

fn id(name: &str) -> TypeId {
    builtin().named(name).unwrap_or_else(|| panic!("no type {name}"))
}

#[test]
fn every_type_is_found_by_its_name_and_root() {
    let schema = builtin();
    assert!(schema.iter().count() > 1_150, "{} types", schema.iter().count());
    let names: Vec<_> = schema.iter().map(|(_, parsed)| parsed.name).collect();
    assert!(names.is_sorted());
    for (id, parsed) in schema.iter() {
        assert_eq!(schema.named(parsed.name), Some(id));
        if let Some(gvk) = &parsed.gvk {
            assert_eq!(schema.root(gvk), Some(id), "{}", parsed.name);
        }
    }
}

#[test]
fn roots() {
    const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
    for (group, version, kind, package) in [
        ("", "v1", "Pod", "io.k8s.api.core.v1"),
        ("", "v1", "PodList", "io.k8s.api.core.v1"),
        ("", "v1", "List", "io.k8s.api.core.v1"),
        ("", "v1", "RangeAllocation", "io.k8s.api.core.v1"),
        ("", "v1", "Status", META),
        ("", "v1", "DeleteOptions", META),
        ("", "v1", "WatchEvent", META),
        ("apps", "v1", "WatchEvent", META),
        ("meta.k8s.io", "v1", "DeleteOptions", META),
        ("meta.k8s.io", "v1", "WatchEvent", META),
        ("meta.k8s.io", "v1", "Table", META),
        ("meta.k8s.io", "v1beta1", "Table", META),
        ("meta.k8s.io", "v1", "PartialObjectMetadataList", META),
        ("meta.k8s.io", "v1beta1", "PartialObjectMetadata", META),
        ("admission.k8s.io", "v1", "AdmissionReview", "io.k8s.api.admission.v1"),
        ("apidiscovery.k8s.io", "v2", "APIGroupDiscoveryList", "io.k8s.api.apidiscovery.v2"),
        ("policy", "v1", "Eviction", "io.k8s.api.policy.v1"),
    ] {
        let gvk = Gvk::new(group, version, kind);
        assert_eq!(builtin().root(&gvk), Some(id(&format!("{package}.{kind}"))), "{gvk:?}");
    }
    assert_eq!(builtin().root(&Gvk::new("example.com", "v1", "DeleteOptions")), None);
}

#[test]
fn facts_of_fields() {
    let schema = builtin();
    let field = |owner: &str, name: &str| {
        schema.field(id(&format!("io.k8s.api.{owner}")), name).expect(name)
    };
    let ports = field("core.v1.ServiceSpec", "ports");
    assert_eq!(ports.merge, Merge::Keys(vec!["port", "protocol"]));
    assert_eq!(ports.patch_merge_key, Some("port"));
    let volume = field("core.v1.Volume", "emptyDir");
    assert!(volume.pointer && volume.omit_empty && !volume.required);
    assert_eq!(field("core.v1.ContainerPort", "protocol").default, Some("\"TCP\""));
    let policy = field("core.v1.Container", "imagePullPolicy");
    assert_eq!(schema.enum_values(policy), ["Always", "IfNotPresent", "Never"]);
    let usages = field("certificates.v1.CertificateSigningRequestSpec", "usages");
    assert!(schema.enum_values(usages).contains(&"digital signature"));
    assert_eq!(field("core.v1.Node", "metadata").tag, 1);
    assert!(schema.get(id("io.k8s.api.core.v1.SecretReference")).atomic);
    let extra = field("authentication.v1.UserInfo", "extra");
    assert_eq!(extra.shape, Shape::Map(Box::new(Shape::Scalar(Scalar::Strings))));
}

#[test]
fn a_line_that_is_not_understood_is_named() {
    for (table, line, reason) in [
        ("package p\nsort of", 2, "\"sort\" begins no line"),
        (" a 1 string", 1, "a field without a type"),
        ("package p\ntype T\n a 1 U", 3, "no type: \"U\""),
        ("package p\ntype T\n a 1 string wild", 3, "no fact of a field: \"wild\""),
        ("package p\ntype T\n a x string", 3, "no tag: \"x\""),
    ] {
        assert_eq!(parse(table).err(), Some(TableError { line, reason: reason.to_owned() }));
    }
}
