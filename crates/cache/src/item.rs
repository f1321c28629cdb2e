//! One revision of one object: its bytes, shared by all who read it, its header, and its key.

use bytes::Bytes;
use codec::{TypeId, TypeMeta, envelope};
use imbl::OrdMap;
use kinds::{Encoding, Kind, Storage};
use object::{ApiError, GroupVersion, Gvk, Result, Value, meta};
use schema::builtin;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{Entry, Revision};

/// What selectors and lists need to know of an object without decoding it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`, empty for cluster-wide objects.
    pub namespace: String,
    /// `metadata.labels`, in order of their keys.
    pub labels: Vec<(String, String)>,
    /// The values of the kind's selectable fields, in the order of [`Kind::selectable_fields`].
    pub fields: Vec<String>,
}

/// One revision of one object.
#[derive(Debug)]
pub struct Item {
    /// Its kind.
    pub kind: &'static Kind,
    /// The revision that wrote it: its `resourceVersion`.
    pub revision: Revision,
    /// What selectors need.
    pub header: Header,
    /// Protobuf without the envelope, or JSON with its newline; `resourceVersion` set.
    body: Bytes,
    json: Mutex<Kept>,
}

/// `namespace/name`, or `name`; shared by the map, the indexes and the ring.
pub(crate) type Key = Arc<str>;

/// The objects of a kind in order of their keys, cheap to clone.
pub(crate) type Items = OrdMap<Key, Arc<Item>>;

/// JSON made from protobuf, kept for the next reader.
#[derive(Debug, Default)]
struct Kept {
    /// With the newline that ends an answer, so that no answer is copied to get it.
    line: Option<Bytes>,
    /// Whether anyone has read it since [`Item::drop_unused_json`] looked.
    used: bool,
}

impl Item {
    /// Reads a stored entry. An error names the entry's key.
    pub fn read(kind: &'static Kind, entry: &Entry) -> Result<Self> {
        let wrong = |why: String| ApiError::store_read(&entry.key, why);
        if let Some(why) = &entry.unreadable {
            return Err(wrong(why.clone()));
        }
        let storage = storage(kind)?;
        let body = match storage.encoding {
            Encoding::Protobuf => {
                let unknown = envelope::read(&entry.value).map_err(|e| wrong(e.to_string()))?;
                let complete = match storage.defaults_on_read {
                    true => Cow::Owned(with_defaults(kind, storage, unknown.raw)?),
                    false => Cow::Borrowed(unknown.raw),
                };
                envelope::splice_resource_version(&complete, &version(entry.mod_revision))
                    .map_err(|e| wrong(e.to_string()))?
            }
            Encoding::Json => {
                let mut object: Value =
                    serde_json::from_slice(&entry.value).map_err(|e| wrong(e.to_string()))?;
                if !object.is_object() {
                    return Err(wrong("not an object".to_owned()));
                }
                if entry.mod_revision > 0 {
                    meta::set(&mut object, "resourceVersion", &version(entry.mod_revision));
                }
                encode_json(kind, storage, &object)?
            }
        };
        Self::new(kind, entry.mod_revision, body).map_err(|e| wrong(e.to_string()))
    }

    fn new(kind: &'static Kind, revision: Revision, body: Bytes) -> Result<Self> {
        let header = header(kind, storage(kind)?, &body)?;
        Ok(Self { kind, revision, header, body, json: Mutex::default() })
    }

    /// The same object as of another revision: what a watch reports of a deleted object.
    pub fn at(&self, revision: Revision) -> Result<Self> {
        let storage = storage(self.kind)?;
        let body = match storage.encoding {
            Encoding::Protobuf => {
                envelope::splice_resource_version(&self.body, &revision.to_string())
                    .map_err(ApiError::internal)?
            }
            Encoding::Json => {
                let mut object = self.stored_value()?;
                meta::set(&mut object, "resourceVersion", &revision.to_string());
                encode_json(self.kind, storage, &object)?
            }
        };
        let header = self.header.clone();
        Ok(Self { kind: self.kind, revision, header, body, json: Mutex::default() })
    }

    /// The key below the kind's: `namespace/name`, or `name`.
    pub fn key(&self) -> String {
        key(&self.header.namespace, &self.header.name)
    }

    /// The value of a selectable field; `None` for a field that the kind does not select by.
    pub fn field(&self, path: &str) -> Option<&str> {
        match path {
            "metadata.name" => Some(&self.header.name),
            "metadata.namespace" => Some(&self.header.namespace),
            _ => {
                let place = self.kind.selectable_fields.iter().position(|f| *f == path)?;
                self.header.fields.get(place).map(String::as_str)
            }
        }
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        let labels = &self.header.labels;
        let place = labels.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok()?;
        Some(&labels[place].1)
    }

    /// Protobuf without the envelope, in the stored version; `None` for kinds stored as JSON.
    pub fn protobuf(&self) -> Option<Bytes> {
        let storage = self.kind.storage.as_ref()?;
        (storage.encoding == Encoding::Protobuf).then(|| self.body.clone())
    }

    /// JSON in the stored version.
    pub fn json(&self) -> Result<Bytes> {
        let line = self.json_line()?;
        Ok(line.slice(..line.len() - 1))
    }

    /// The same with a newline behind it, as a whole answer has it: made on first need, and
    /// shared.
    pub fn json_line(&self) -> Result<Bytes> {
        let storage = storage(self.kind)?;
        if storage.encoding == Encoding::Json {
            return Ok(self.body.clone());
        }
        let mut kept = self.kept();
        kept.used = true;
        if let Some(line) = &kept.line {
            return Ok(line.clone());
        }
        let root = root(self.kind, storage)?;
        let names = TypeMeta { kind: self.kind.kind, api_version: storage.group_version };
        let mut line = codec::proto_to_json(builtin(), root, &self.body, &names)
            .map_err(ApiError::internal)?;
        line.push(b'\n');
        // What is kept takes no more room than it needs.
        let line = Bytes::from(line.into_boxed_slice());
        kept.line = Some(line.clone());
        Ok(line)
    }

    /// Forgets JSON that nobody has read since the last call; it can be made again.
    pub(crate) fn drop_unused_json(&self) {
        let mut kept = self.kept();
        if !kept.used {
            kept.line = None;
        }
        kept.used = false;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.json.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object as a tree, in the stored version.
    pub fn stored_value(&self) -> Result<Value> {
        self.tree(&self.body)
    }

    /// The same, perhaps without `metadata.managedFields`: for readers inside of the server.
    pub fn stored_value_unmanaged(&self) -> Result<Value> {
        match storage(self.kind)?.encoding {
            Encoding::Json => self.tree(&self.body),
            Encoding::Protobuf => {
                let body = envelope::without_managed_fields(&self.body);
                self.tree(&body.map_err(ApiError::internal)?)
            }
        }
    }

    fn tree(&self, body: &[u8]) -> Result<Value> {
        let storage = storage(self.kind)?;
        let mut object = match storage.encoding {
            Encoding::Protobuf => codec::decode_proto(builtin(), root(self.kind, storage)?, body)
                .map_err(ApiError::internal)?,
            Encoding::Json => serde_json::from_slice(body).map_err(ApiError::internal)?,
        };
        object["kind"] = self.kind.kind.into();
        object["apiVersion"] = storage.group_version.into();
        Ok(object)
    }

    /// How many bytes this holds, roughly.
    pub fn bytes(&self) -> usize {
        self.body.len() + self.kept().line.as_ref().map_or(0, Bytes::len) + size_of::<Self>()
    }
}

/// A revision as `resourceVersion` says it; what was never stored (a dry run) has none.
fn version(revision: Revision) -> String {
    if revision > 0 { revision.to_string() } else { String::new() }
}

/// `namespace/name`, or `name` for cluster-wide objects.
pub(crate) fn key(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

/// Encodes an object, given in its stored version, as the store keeps it.
pub fn encode_stored(kind: &'static Kind, object: &Value) -> Result<Bytes> {
    let storage = storage(kind)?;
    match storage.encoding {
        Encoding::Protobuf => {
            let raw = codec::encode_proto(builtin(), root(kind, storage)?, object)
                .map_err(ApiError::internal)?;
            Ok(envelope::write(storage.group_version, kind.kind, &raw).into())
        }
        Encoding::Json => encode_json(kind, storage, object),
    }
}

/// A stored message with the defaults that it may lack, as upstream's decoder adds them.
fn with_defaults(kind: &'static Kind, storage: &Storage, raw: &[u8]) -> Result<Vec<u8>> {
    let root = root(kind, storage)?;
    let mut object = codec::decode_proto(builtin(), root, raw).map_err(ApiError::internal)?;
    schema::defaults::apply(builtin(), root, &mut object);
    codec::encode_proto(builtin(), root, &object).map_err(ApiError::internal)
}

/// JSON with the newline that upstream stores too.
fn encode_json(kind: &'static Kind, storage: &Storage, object: &Value) -> Result<Bytes> {
    let mut line =
        codec::encode_json(builtin(), root(kind, storage)?, object).map_err(ApiError::internal)?;
    line.push(b'\n');
    Ok(line.into_boxed_slice().into())
}

fn storage(kind: &'static Kind) -> Result<&'static Storage> {
    let missing = || ApiError::internal(format!("{} is not stored", kind.group_resource()));
    kind.storage.as_ref().ok_or_else(missing)
}

/// The schema's type of the stored form.
fn root(kind: &'static Kind, storage: &Storage) -> Result<TypeId> {
    let missing = || ApiError::internal(format!("no schema for {}", kind.group_resource()));
    let version = GroupVersion::parse(storage.group_version).ok_or_else(missing)?;
    let gvk = Gvk { group: version.group, version: version.version, kind: kind.kind.into() };
    builtin().root(&gvk).ok_or_else(missing)
}

fn header(kind: &'static Kind, storage: &Storage, body: &[u8]) -> Result<Header> {
    match storage.encoding {
        Encoding::Json => {
            let object: Value = serde_json::from_slice(body).map_err(ApiError::internal)?;
            let text = |path: &str| {
                let value = path.split('.').fold(&object, |value, step| &value[step]);
                Ok(value.as_str().map_or_else(|| scalar_text(value), str::to_owned))
            };
            Ok(Header {
                name: meta::name(&object).to_owned(),
                namespace: meta::namespace(&object).to_owned(),
                labels: meta::labels(&object).map(|(k, v)| (k.into(), v.into())).collect(),
                fields: fields(kind, text)?,
            })
        }
        Encoding::Protobuf => {
            let root = root(kind, storage)?;
            let seen = codec::peek::metadata(body).map_err(ApiError::internal)?;
            let text = |path: &str| {
                codec::peek::field(builtin(), root, body, path)
                    .map(Option::unwrap_or_default)
                    .map_err(ApiError::internal)
            };
            Ok(Header {
                name: seen.name.to_owned(),
                namespace: seen.namespace.to_owned(),
                labels: seen.labels.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
                fields: fields(kind, text)?,
            })
        }
    }
}

/// The values of the kind's selectable fields, where `text` reads one.
fn fields(kind: &Kind, text: impl Fn(&str) -> Result<String>) -> Result<Vec<String>> {
    let value = |path: &&str| {
        let own = text(path)?;
        match kind.field_fallback(path) {
            Some(other) if own.is_empty() => text(other),
            _ => Ok(own),
        }
    };
    kind.selectable_fields.iter().map(value).collect()
}

fn scalar_text(value: &Value) -> String {
    if value.is_null() { String::new() } else { value.to_string() }
}
