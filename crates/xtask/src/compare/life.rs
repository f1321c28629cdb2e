//! The life of an object, once for every kind of the catalogue: the objects are those of
//! `tests/golden/tables`.

use super::exchange::Exchange;
use crate::repository;
use anyhow::{Context, Result};
use kinds::{Kind, Served, Serves, Verb};
use object::{Map, Value, json};

/// How many of a kind's golden objects live a whole life.
const OBJECTS: usize = 3;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";
const PARTIAL: &str = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
const PARTIAL_LIST: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// The life of some objects of one kind.
pub(super) struct Life {
    pub(super) name: String,
    /// What is asked before the stored values are held against each other.
    pub(super) before: Vec<Exchange>,
    /// Where they are stored.
    pub(super) stored_below: Option<String>,
    /// What is asked then.
    pub(super) after: Vec<Exchange>,
}

/// Versions that upstream no longer has.
const OURS_ALONE: &[(&str, &str)] = &[("rbac.authorization.k8s.io", "v1beta1")];

/// The lives of all kinds whose names contain the filter, in the versions that are served by
/// default or in those that are not.
pub(super) fn all(filter: &str, on_demand: bool) -> Result<Vec<Life>> {
    let served = Served::default();
    let mut lives = Vec::new();
    for kind in kinds::all() {
        let Some(storage) = &kind.storage else { continue };
        let name = kind.group_resource().to_string();
        if !name.contains(filter) && !filter.contains(&name) {
            continue;
        }
        let path = repository().join(format!("tests/golden/tables/{name}.json"));
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let golden: Value = serde_json::from_str(&text)?;
        let rows = golden["rows"].as_array().context("rows")?;
        let objects: Vec<Value> = rows.iter().map(|row| fresh(&row["object"])).collect();
        for version in kind.versions {
            let by_default = served.versions_of(kind).any(|one| one == *version);
            if by_default == on_demand || OURS_ALONE.contains(&(kind.group, version)) {
                continue;
            }
            let mut story = Story::new(kind, version);
            let mut before = Vec::new();
            let of_version = story.api_version() == golden["apiVersion"].as_str().unwrap_or("");
            for (at, object) in objects.iter().enumerate() {
                if !of_version && at >= OBJECTS {
                    break;
                }
                let mut object = object.clone();
                if on_demand {
                    kinds::convert(&mut object, &story.api_version())?;
                }
                story.object(at, &object, &mut before);
            }
            let mut after = Vec::new();
            story.lists(&mut after);
            for (at, object) in objects.iter().enumerate() {
                story.end(at, object, &mut after);
            }
            let stored_below = Some(format!("/registry/{}/", storage.key));
            lives.push(Life { name: format!("{name} {version}"), before, stored_below, after });
        }
    }
    Ok(lives)
}

/// A golden object as a client would create it.
fn fresh(golden: &Value) -> Value {
    let mut object = golden.clone();
    let mut metadata = Map::new();
    for field in ["name", "labels", "annotations"] {
        if let Some(value) = golden["metadata"].get(field) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    labels["compare"] = "yes".into();
    object["metadata"] = metadata.into();
    object
}

struct Story {
    kind: &'static Kind,
    name: String,
    version: &'static str,
    collection: String,
}

impl Story {
    fn new(kind: &'static Kind, version: &'static str) -> Self {
        let root = match kind.group {
            "" => format!("/api/{version}"),
            group => format!("/apis/{group}/{version}"),
        };
        let namespace = if kind.namespaced { "/namespaces/life" } else { "" };
        let name = format!("{} {version}", kind.group_resource());
        let collection = format!("{root}{namespace}/{}", kind.plural);
        Self { kind, name, version, collection }
    }

    fn api_version(&self) -> String {
        self.kind.gvk(self.version).group_version().to_string()
    }

    fn ask(&self, method: &str, path: &str, body: impl Into<String>) -> Exchange {
        Exchange::new(&self.name, method, path, body)
    }

    /// An object comes into being and is changed.
    fn object(&mut self, at: usize, object: &Value, out: &mut Vec<Exchange>) {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let path = format!("{}/{name}", self.collection);
        let mut object = object.clone();
        object["apiVersion"] = self.api_version().into();
        let text = object.to_string();
        if !self.kind.verbs.contains(&Verb::Create) {
            return;
        }
        if at == 0 {
            let dry = format!("{}?dryRun=All", self.collection);
            out.push(self.ask("POST", &dry, &*text));
            let proto = format!("!proto {text}");
            out.push(
                self.ask("POST", &dry, proto)
                    .with("content-type", PROTOBUF)
                    .with("accept", PROTOBUF),
            );
            self.fields(&object, out);
        }
        out.push(self.ask("POST", &self.collection, &*text));
        if at == 0 {
            out.push(self.ask("POST", &self.collection, &*text));
        }
        out.push(self.ask("GET", &path, ""));
        out.push(self.ask("GET", &path, "").with("accept", TABLE));
        out.push(self.ask("GET", &path, "").with("accept", PROTOBUF));
        if at >= OBJECTS {
            return;
        }
        out.push(
            self.ask("GET", &format!("{path}?includeObject=Object"), "").with("accept", TABLE),
        );
        out.push(self.ask("GET", &path, "").with("accept", PARTIAL));
        out.push(self.ask("GET", &path, "").with("accept", "application/yaml"));
        self.updates(&path, out);
        self.patches(&path, &object, out);
        self.subresources(&path, out);
        out.push(self.ask("GET", &path, ""));
        out.push(self.ask("GET", &path, "").with("accept", PROTOBUF));
    }

    /// Unknown and doubled fields.
    fn fields(&self, object: &Value, out: &mut Vec<Exchange>) {
        let mut odd = object.clone();
        odd["unknown"] = 1.into();
        odd["metadata"]["what"] = "is this".into();
        let mut odd = odd.to_string();
        odd.insert_str(1, "\"kind\":\"Doubled\",");
        for validation in ["", "&fieldValidation=Strict", "&fieldValidation=Ignore"] {
            let dry = format!("{}?dryRun=All{validation}", self.collection);
            out.push(self.ask("POST", &dry, &*odd));
        }
        let dry = format!("{}?dryRun=All", self.collection);
        let empty = json!({"apiVersion": self.api_version(), "kind": self.kind.kind});
        out.push(self.ask("POST", &dry, empty.to_string()));
        out.push(self.ask("POST", &dry, "{}"));
    }

    fn updates(&self, path: &str, out: &mut Vec<Exchange>) {
        let edits = [
            json!({}),
            json!({"metadata": {"labels": {"edit": "one"}}}),
            json!({"metadata": {"resourceVersion": "1"}}),
            json!({"metadata": {"resourceVersion": null, "labels": {"edit": "two"}}}),
            json!({"metadata": {"uid": "12345678-1234-1234-1234-123456789012"}}),
            json!({"metadata": {"name": "other"}}),
            json!({"metadata": {"annotations": {"a": "b"}, "finalizers": ["example.com/hold"]}}),
            json!({"metadata": {"finalizers": null}}),
        ];
        for edit in edits {
            out.push(self.ask("PUT", path, format!("!edit {edit}")));
        }
    }

    fn patches(&self, path: &str, object: &Value, out: &mut Vec<Exchange>) {
        let patch = |query: &str, media: &str, body: Value| {
            self.ask("PATCH", &format!("{path}{query}"), body.to_string())
                .with("content-type", media)
        };
        let json_patch = json!([{"op": "add", "path": "/metadata/labels/json", "value": "yes"}]);
        out.push(patch("", "application/json-patch+json", json_patch));
        let labels = |value: &str| json!({"metadata": {"labels": {"merge": value}}});
        out.push(patch("", "application/merge-patch+json", labels("one")));
        out.push(patch("", "application/merge-patch+json", labels("one")));
        out.push(patch("", "application/strategic-merge-patch+json", labels("two")));
        let applied = |value: &str| {
            json!({
                "apiVersion": object["apiVersion"],
                "kind": object["kind"],
                "metadata": {"name": object["metadata"]["name"], "labels": {"merge": value}},
            })
        };
        let apply = "application/apply-patch+yaml";
        out.push(patch("?fieldManager=other", apply, applied("three")));
        out.push(patch("?fieldManager=other&force=true", apply, applied("three")));
        out.push(patch("?fieldManager=other", apply, applied("three")));
        let mut whole = object.clone();
        if let Some(fields) = whole.as_object_mut() {
            fields.remove("status");
        }
        out.push(patch("?fieldManager=whole&force=true", apply, whole));
    }

    fn subresources(&self, path: &str, out: &mut Vec<Exchange>) {
        for part in self.kind.subresources {
            let path = format!("{path}/{}", part.name);
            match part.serves {
                Serves::Part(_) if part.name == "status" => {
                    out.push(self.ask("GET", &path, ""));
                    let edit = json!({"metadata": {"labels": {"status": "yes"}}});
                    out.push(self.ask("PUT", &path, format!("!edit {edit}")));
                    let patch = self.ask("PATCH", &path, edit.to_string());
                    out.push(patch.with("content-type", "application/merge-patch+json"));
                }
                Serves::Scale { .. } => {
                    out.push(self.ask("GET", &path, ""));
                    let two = json!({"spec": {"replicas": 2}});
                    let patch = self.ask("PATCH", &path, two.to_string());
                    out.push(patch.with("content-type", "application/merge-patch+json"));
                    let none = json!({"metadata": {"name": "x"}, "spec": {"replicas": -1}});
                    out.push(self.ask("PUT", &path, none.to_string()));
                }
                _ => {}
            }
        }
    }

    fn lists(&self, out: &mut Vec<Exchange>) {
        if !self.kind.verbs.contains(&Verb::List) {
            return;
        }
        let list = format!("{}?labelSelector=compare", self.collection);
        out.push(self.ask("GET", &list, ""));
        for media in [TABLE, PARTIAL_LIST, PROTOBUF, "application/yaml"] {
            out.push(self.ask("GET", &list, "").with("accept", media));
        }
        let watch = format!("{list}&watch=1&timeoutSeconds=1&resourceVersion=0");
        out.push(self.ask("GET", &watch, ""));
        out.push(self.ask("GET", &watch, "").with("accept", TABLE));
    }

    /// The end of an object.
    fn end(&self, at: usize, object: &Value, out: &mut Vec<Exchange>) {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let path = format!("{}/{name}", self.collection);
        if at == 0 {
            out.push(self.ask("DELETE", &format!("{path}?dryRun=All"), ""));
            let wrong = json!({"preconditions": {"uid": "wrong"}});
            out.push(self.ask("DELETE", &path, wrong.to_string()));
            let old = json!({"preconditions": {"resourceVersion": "1"}});
            out.push(self.ask("DELETE", &path, old.to_string()));
        }
        if at > 1 && self.kind.verbs.contains(&Verb::DeleteCollection) && at.is_multiple_of(2) {
            let selected = format!("{}?labelSelector=compare", self.collection);
            out.push(self.ask("DELETE", &selected, ""));
            return;
        }
        let policy = match at {
            0 => json!({}),
            _ => json!({"propagationPolicy": "Background", "gracePeriodSeconds": 0}),
        };
        out.push(self.ask("DELETE", &path, policy.to_string()));
        out.push(self.ask("DELETE", &path, ""));
    }
}
