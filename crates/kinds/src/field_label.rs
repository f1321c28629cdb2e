//! The labels by which a field selector names fields, and the stored fields behind them.
//!
//! A few labels differ from the path of the field in the stored version. Mirrors the
//! `AddFieldLabelConversionFunc` calls of `k8s.io/kubernetes/pkg/apis`, except that
//! `status.podIPs`, which upstream takes and never finds, is not known here.

use crate::Kind;

/// A label that is not the path of its field.
struct Alias {
    group: &'static str,
    kind: &'static str,
    label: &'static str,
    path: &'static str,
    /// Whether the path itself is no label.
    instead: bool,
}

static ALIASES: &[Alias] = &[
    Alias { instead: false, ..alias("", "Pod", "spec.host", "spec.nodeName") },
    alias("batch", "Job", "status.successful", "status.succeeded"),
    alias("", "Event", "source", "source.component"),
    regarding("regarding.kind", "involvedObject.kind"),
    regarding("regarding.namespace", "involvedObject.namespace"),
    regarding("regarding.name", "involvedObject.name"),
    regarding("regarding.uid", "involvedObject.uid"),
    regarding("regarding.apiVersion", "involvedObject.apiVersion"),
    regarding("regarding.resourceVersion", "involvedObject.resourceVersion"),
    regarding("regarding.fieldPath", "involvedObject.fieldPath"),
    regarding("reportingController", "reportingComponent"),
];

/// Fields that count as another one of the same object where they are empty: an event of the newer
/// API has no source.
static FALLBACKS: &[(&str, &str, &str)] = &[("Event", "source.component", "reportingComponent")];

const fn alias(
    group: &'static str,
    kind: &'static str,
    label: &'static str,
    path: &'static str,
) -> Alias {
    Alias { group, kind, label, path, instead: true }
}

const fn regarding(label: &'static str, path: &'static str) -> Alias {
    alias("events.k8s.io", "Event", label, path)
}

impl Kind {
    /// The stored field behind a field selector's label: one of [`Kind::selectable_fields`],
    /// `metadata.name` or `metadata.namespace`. `None`: the kind can't be selected by it.
    pub fn field_path(&self, label: &str) -> Option<&'static str> {
        match label {
            "metadata.name" => return Some("metadata.name"),
            // Kinds that list their labels leave out what they don't have; the others don't ask.
            "metadata.namespace" => {
                let known = self.namespaced || self.selectable_fields.is_empty();
                return known.then_some("metadata.namespace");
            }
            _ => {}
        }
        let mut own =
            ALIASES.iter().filter(|alias| alias.group == self.group && alias.kind == self.kind);
        if let Some(alias) = own.clone().find(|alias| alias.label == label) {
            return Some(alias.path);
        }
        let hidden = own.any(|alias| alias.instead && alias.path == label);
        self.selectable_fields.iter().copied().find(|path| *path == label && !hidden)
    }

    /// The field whose value a selector compares where the one at `path` is empty.
    pub fn field_fallback(&self, path: &str) -> Option<&'static str> {
        let mut own = FALLBACKS.iter().filter(|(kind, ..)| *kind == self.kind);
        own.find(|(_, empty, _)| *empty == path).map(|(.., other)| *other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{all, find};
    use object::{GroupVersion, Gvk};
    use schema::Shape;

    #[test]
    fn labels_lead_to_stored_fields() {
        let cases = [
            ("", "v1", "pods", "spec.host", Some("spec.nodeName")),
            ("", "v1", "pods", "spec.nodeName", Some("spec.nodeName")),
            ("", "v1", "pods", "spec.containers", None),
            ("batch", "v1", "jobs", "status.successful", Some("status.succeeded")),
            ("batch", "v1", "jobs", "status.succeeded", None),
            ("", "v1", "events", "involvedObject.name", Some("involvedObject.name")),
            ("", "v1", "events", "source", Some("source.component")),
            ("events.k8s.io", "v1", "events", "involvedObject.name", None),
            ("events.k8s.io", "v1", "events", "regarding.name", Some("involvedObject.name")),
            ("events.k8s.io", "v1", "events", "type", Some("type")),
            ("", "v1", "nodes", "metadata.namespace", None),
            ("", "v1", "persistentvolumes", "metadata.namespace", Some("metadata.namespace")),
            ("", "v1", "configmaps", "metadata.name", Some("metadata.name")),
        ];
        for (group, version, resource, label, wanted) in cases {
            let kind = find(group, version, resource).expect("is built in");
            assert_eq!(kind.field_path(label), wanted, "{resource} {label}");
        }
    }

    #[test]
    fn an_event_without_a_source_is_found_by_who_reports_it() {
        let kind = find("", "v1", "events").expect("is built in");
        assert_eq!(kind.field_fallback("source.component"), Some("reportingComponent"));
        assert_eq!(kind.field_fallback("type"), None);
        for (_, path, other) in FALLBACKS {
            assert!(
                kind.selectable_fields.contains(path) && kind.selectable_fields.contains(other)
            );
        }
    }

    #[test]
    fn every_field_is_a_single_one_of_the_stored_version() {
        let schema = schema::builtin();
        for kind in all() {
            let Some(storage) = kind.storage else { continue };
            let version = GroupVersion::parse(storage.group_version).expect("is well-formed");
            let gvk =
                Gvk { group: version.group, version: version.version, kind: kind.kind.into() };
            let root = schema.root(&gvk).unwrap_or_else(|| panic!("no schema for {gvk}"));
            for path in kind.selectable_fields {
                let mut shape = Shape::Struct(root);
                for step in path.split('.') {
                    let Shape::Struct(id) = shape else { panic!("{gvk} {path}") };
                    let field = schema.field(id, step);
                    shape = field.unwrap_or_else(|| panic!("{gvk} {path}")).shape.clone();
                }
                assert!(matches!(shape, Shape::Scalar(_)), "{gvk} {path}");
            }
            for alias in ALIASES.iter().filter(|a| a.group == kind.group && a.kind == kind.kind) {
                assert!(kind.selectable_fields.contains(&alias.path), "{}", alias.label);
            }
        }
    }
}
