//! Holds every definition and every path against what upstream's kube-apiserver serves, apart
//! from the sentences.
//!
//! `golden/upstream.txt` has a line for each: the document, what it is, and a hash of its
//! structure. `OPENAPI_UPSTREAM=<folder>` writes it anew out of upstream's documents in that
//! folder: `v2.json`, `index.json`, and those of version 3 as `apis__apps__v1.{json,pb}`.
//!
//! Documents without a sentence of our own are upstream's byte for byte, in both forms; their
//! lines begin with `bytes`.

#![allow(clippy::unwrap_used, reason = "a test")]

use orlop_openapi::{Documents, Form};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[test]
fn every_definition_and_path_has_upstreams_structure() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/upstream.txt");
    if let Some(folder) = std::env::var_os("OPENAPI_UPSTREAM") {
        std::fs::write(&golden, text(&recorded(&PathBuf::from(folder)))).expect("can be written");
    }
    let wanted = std::fs::read_to_string(&golden).expect("the golden file is committed");
    let made = text(&ours());
    let wanted: BTreeSet<&str> = wanted.lines().collect();
    let made: BTreeSet<&str> = made.lines().collect();
    let missing: Vec<_> = wanted.difference(&made).collect();
    let extra: Vec<_> = made.difference(&wanted).collect();
    println!("{} of {} pieces are upstream's", wanted.len() - missing.len(), wanted.len());
    assert!(missing.is_empty() && extra.is_empty(), "upstream's {missing:#?}\nours {extra:#?}");
}

#[test]
fn every_type_and_field_has_a_sentence_where_upstreams_has() {
    // Upstream has two more, those of WatchEvent.
    const SILENT_FIELDS_MAX: usize = 46;
    let documents = Documents::default();
    let v2 = parse(&documents.v2(Form::Json).plain());
    let mut silent = 0;
    for (name, definition) in v2["definitions"].as_object().expect("a map") {
        assert!(definition["description"].is_string(), "{name}");
        let fields = definition["properties"].as_object().into_iter().flatten();
        silent += fields.filter(|(_, field)| !field["description"].is_string()).count();
    }
    println!("{silent} fields without a sentence");
    assert!(silent <= SILENT_FIELDS_MAX, "{silent}");
}

#[test]
fn the_index_names_the_content_of_every_document() {
    let documents = Documents::default();
    let index = parse(&documents.index());
    for (path, at) in index["paths"].as_object().expect("a map") {
        let document = documents.v3(path, Form::Json).expect("what the index names");
        let url = format!("/openapi/v3/{path}?hash={}", document.etag);
        assert_eq!(at["serverRelativeURL"], url.as_str());
        let protobuf = documents.v3(path, Form::Protobuf).expect("the same in protobuf");
        assert_eq!(protobuf.etag, document.etag);
    }
    assert!(documents.v3("apis/nothing/v1", Form::Json).is_none());
}

#[test]
fn old_clients_find_every_definition_in_protobuf() {
    let documents = Documents::default();
    let names = |of: &Value| -> Vec<String> {
        of["definitions"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let json = names(&parse(&documents.v2(Form::Json).plain()));
    let protobuf = documents.v2(Form::Protobuf).plain();
    let (_, definitions) = fields(&protobuf).find(|(tag, _)| *tag == 9).expect("definitions");
    let found: Vec<String> = fields(definitions)
        .filter_map(|(_, pair)| fields(pair).find(|(tag, _)| *tag == 1))
        .map(|(_, name)| String::from_utf8_lossy(name).into_owned())
        .collect();
    assert_eq!(found, json);
}

/// The fields of a message that have bytes, with their tags.
fn fields(mut message: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    fn varint(from: &mut &[u8]) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (first, rest) = from.split_first()?;
            *from = rest;
            value |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
    std::iter::from_fn(move || {
        loop {
            let key = varint(&mut message)?;
            match key & 7 {
                0 => drop(varint(&mut message)?),
                2 => {
                    let length = usize::try_from(varint(&mut message)?).ok()?;
                    let (value, rest) = message.split_at_checked(length)?;
                    message = rest;
                    return Some((key >> 3, value));
                }
                wire_type => panic!("wire type {wire_type}"),
            }
        }
    })
}

fn ours() -> BTreeMap<String, BTreeSet<String>> {
    let documents = Documents::default();
    let mut all = BTreeMap::new();
    pieces("v2", &parse(&documents.v2(Form::Json).plain()), &mut all);
    let index = parse(&documents.index());
    for (path, _) in index["paths"].as_object().expect("a map") {
        let document = documents.v3(path, Form::Json).expect("what the index names");
        pieces(&format!("v3 {path}"), &parse(&document.plain()), &mut all);
        let protobuf = documents.v3(path, Form::Protobuf).expect("the same in protobuf");
        bytes(path, &document.plain(), &protobuf.plain(), &mut all);
    }
    all
}

fn recorded(folder: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let read = |name: &str| parse(&std::fs::read(folder.join(name)).expect("a document"));
    let mut all = BTreeMap::new();
    pieces("v2", &read("v2.json"), &mut all);
    let index = read("index.json");
    for (path, _) in index["paths"].as_object().expect("a map") {
        let name = format!("{}.json", path.replace('/', "__"));
        pieces(&format!("v3 {path}"), &read(&name), &mut all);
        let read = |name: &str| std::fs::read(folder.join(name)).expect("a document");
        bytes(path, &read(&name), &read(&name.replace(".json", ".pb")), &mut all);
    }
    all
}

/// Adds what a document without sentences of our own is as a whole.
fn bytes(path: &str, json: &[u8], protobuf: &[u8], to: &mut BTreeMap<String, BTreeSet<String>>) {
    let has_objects = path == "api/v1" || path.split('/').count() == 3;
    let is_openid = path.contains("openid");
    if !has_objects && !is_openid {
        let line = format!("bytes {path} {} {}", hash(json), hash(protobuf));
        to.entry(line).or_default().insert("v3".to_owned());
    }
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One line for a piece with the documents that have it like this.
fn text(pieces: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut text = String::new();
    for (piece, documents) in pieces {
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        writeln!(text, "{piece} {}", documents.join(", ")).expect("texts grow");
    }
    text
}

/// Adds what a document has: name and hash of each piece, with the document.
fn pieces(of: &str, document: &Value, to: &mut BTreeMap<String, BTreeSet<String>>) {
    let shared = &document["parameters"];
    let places = [&document["paths"], &document["definitions"], &document["components"]["schemas"]];
    let version = of.split(' ').next().expect("a first word");
    let mut add = |name: &str, piece: &Value, is_path: bool| {
        let piece = structure(piece, shared, is_path);
        let hash = hash(piece.to_string().as_bytes());
        to.entry(format!("{version} {name} {hash}")).or_default().insert(of.to_owned());
    };
    for (at, place) in places.into_iter().enumerate() {
        for (name, piece) in place.as_object().into_iter().flatten() {
            add(name, piece, at == 0);
        }
    }
    for name in ["swagger", "openapi", "info", "security", "securityDefinitions"] {
        add(name, &document[name], true);
    }
    add("securitySchemes", &document["components"]["securitySchemes"], true);
}

/// A tree without its sentences, with shared parameters in their places. `is_map`: its names are
/// data, also where they are `description`.
fn structure(tree: &Value, shared: &Value, is_map: bool) -> Value {
    match tree {
        Value::Object(fields) => {
            let reference = fields.get("$ref").and_then(Value::as_str).unwrap_or_default();
            if let Some(name) = reference.strip_prefix("#/parameters/") {
                return structure(&shared[name], shared, false);
            }
            let mut kept = Map::new();
            for (name, value) in fields {
                let sentence = name == "description" && value.is_string() && !is_map;
                if !sentence {
                    let names_are_data = name == "properties" && !is_map;
                    kept.insert(name.clone(), structure(value, shared, names_are_data));
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(|item| structure(item, shared, false)).collect(),
        other => other.clone(),
    }
}

fn parse(json: &[u8]) -> Value {
    serde_json::from_slice(json).expect("JSON")
}
