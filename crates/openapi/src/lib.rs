//! The OpenAPI documents that describe the server to its clients: `kubectl explain`, client-side
//! validation, generators of clients. Made out of the schema of types and the catalogue of kinds.
//!
//! Nothing is made before somebody asks, and what is made is kept as compressed bytes. There is
//! no HTTP here. Mirrors `k8s.io/kube-openapi` as upstream's kube-apiserver uses it.

mod definitions;
mod descriptions;
mod document;
mod node;
mod protobuf;
mod routes;
mod v2;
mod v3;

pub use document::Document;

use bytes::Bytes;
use document::Json;
use kinds::Served;
use node::Fields;
use protobuf::Protobuf;
use routes::Part;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The forms of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON.
    Json,
    /// The protobuf messages of gnostic (`openapi.v2.Document`, `openapi.v3.Document`).
    Protobuf,
}

/// All documents of the built-in kinds, each made when it is first asked for.
///
/// Making one takes tens of milliseconds, and a thread that asks for one in the making waits.
#[derive(Debug)]
pub struct Documents {
    v3: BTreeMap<String, Slot>,
    index: OnceLock<Bytes>,
    v2: OnceLock<Document>,
    v2_protobuf: OnceLock<Document>,
}

#[derive(Debug)]
struct Slot {
    part: Part,
    json: OnceLock<Document>,
    protobuf: OnceLock<Document>,
}

impl Default for Documents {
    fn default() -> Self {
        Self::new(&Served::default())
    }
}

impl Documents {
    /// Those of a server; none is made yet.
    pub fn new(served: &Served) -> Self {
        let slot = |part: Part| (part.name(), Slot::new(part));
        Self {
            v3: Part::all(served).into_iter().map(slot).collect(),
            index: OnceLock::new(),
            v2: OnceLock::new(),
            v2_protobuf: OnceLock::new(),
        }
    }

    /// `/openapi/v3`: where the documents of version 3 are, in JSON. Makes them all, since it
    /// names their content.
    pub fn index(&self) -> Bytes {
        let made = self.index.get_or_init(|| {
            let mut paths = Fields::new();
            for (name, slot) in &self.v3 {
                let json = slot.json();
                let url = format!("/openapi/v3/{name}?hash={}", json.etag);
                paths.set(name.clone(), Fields::new().with("serverRelativeURL", url));
            }
            let index = Fields::new().with("paths", paths);
            serde_json::to_vec(&index).expect("trees of texts can be written").into()
        });
        made.clone()
    }

    /// Whether there is a document of version 3 below this path, made or not.
    pub fn has_v3(&self, path: &str) -> bool {
        self.v3.contains_key(path)
    }

    /// `/openapi/v3/<path>`, such as `api/v1` or `apis/apps/v1`.
    pub fn v3(&self, path: &str, form: Form) -> Option<Document> {
        let slot = self.v3.get(path)?;
        Some(match form {
            Form::Json => slot.json().clone(),
            Form::Protobuf => slot.protobuf().clone(),
        })
    }

    /// `/openapi/v2`.
    pub fn v2(&self, form: Form) -> Document {
        let json = self.v2.get_or_init(|| {
            let mut json = Json::new();
            v2::write(&self.parts(), &mut json);
            json.finish()
        });
        match form {
            Form::Json => json.clone(),
            Form::Protobuf => self
                .v2_protobuf
                .get_or_init(|| {
                    let mut protobuf = Protobuf::new(&protobuf::V2);
                    v2::write(&self.parts(), &mut protobuf);
                    protobuf.finish(json.etag.clone())
                })
                .clone(),
        }
    }

    fn parts(&self) -> Vec<Part> {
        self.v3.values().map(|slot| slot.part.clone()).collect()
    }
}

impl Slot {
    fn new(part: Part) -> Self {
        Self { part, json: OnceLock::new(), protobuf: OnceLock::new() }
    }

    fn json(&self) -> &Document {
        self.json.get_or_init(|| {
            let mut json = Json::new();
            v3::write(&self.part, &mut json);
            json.finish()
        })
    }

    fn protobuf(&self) -> &Document {
        let etag = &self.json().etag;
        self.protobuf.get_or_init(|| {
            let mut protobuf = Protobuf::new(&protobuf::V3);
            v3::write(&self.part, &mut protobuf);
            protobuf.finish(etag.clone())
        })
    }
}
