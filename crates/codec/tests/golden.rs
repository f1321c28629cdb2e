//! Upstream's golden files: every object of `k8s.io/api` and `apiextensions-apiserver`, as JSON,
//! YAML and protobuf, read and written in every direction, byte for byte.

#![allow(clippy::unwrap_used, reason = "a test")]

use orlop_codec as codec;

use codec::{Schema, TypeId, TypeMeta, envelope};
use object::Gvk;
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = "v0.36.3";

/// Where a Go module is unpacked; fetches it through Go's own module proxy when it is not there.
fn module(name: &str) -> PathBuf {
    let go = |args: &[&str]| {
        let output = Command::new("go").args(args).output();
        let output = output.unwrap_or_else(|e| panic!("the golden files come by Go modules: {e}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let path = PathBuf::from(go(&["env", "GOMODCACHE"])).join(format!("{name}@{VERSION}"));
    if !path.is_dir() {
        go(&["mod", "download", &format!("{name}@{VERSION}")]);
    }
    assert!(path.is_dir(), "no {}", path.display());
    path
}

struct Fixture {
    name: String,
    json: Vec<u8>,
    yaml: Vec<u8>,
    proto: Vec<u8>,
}

fn fixtures() -> Vec<Fixture> {
    let folders = [
        module("k8s.io/api").join("testdata/HEAD"),
        module("k8s.io/apiextensions-apiserver").join("pkg/apis/testdata/HEAD"),
    ];
    let mut fixtures = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let read = |path: &Path| std::fs::read(path).unwrap();
            fixtures.push(Fixture {
                name: path.file_stem().unwrap().to_string_lossy().into_owned(),
                json: read(&path),
                yaml: read(&path.with_extension("yaml")),
                proto: read(&path.with_extension("pb")),
            });
        }
    }
    fixtures.sort_by(|a, b| a.name.cmp(&b.name));
    fixtures
}

/// `group.version.Kind`, of which a group may have dots.
fn root(schema: &Schema, name: &str) -> Option<TypeId> {
    let (rest, kind) = name.rsplit_once('.')?;
    let (group, version) = rest.rsplit_once('.')?;
    let group = if group == "core" { "" } else { group };
    schema.root(&Gvk::new(group.to_owned(), version.to_owned(), kind.to_owned()))
}

/// Upstream's indented text, in the form that goes over the wire.
fn compact(indented: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut in_string, mut escaped) = (false, false);
    for &byte in indented {
        if in_string || !byte.is_ascii_whitespace() {
            out.push(byte);
        }
        if byte == b'"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && byte == b'\\' && !escaped;
    }
    out
}

fn check(schema: &Schema, fixture: &Fixture) -> Result<(), String> {
    let id = root(schema, &fixture.name).ok_or("no type")?;
    let unknown = envelope::read(&fixture.proto).map_err(|e| e.to_string())?;
    let type_meta = TypeMeta { api_version: unknown.api_version, kind: unknown.kind };
    let expected = compact(&fixture.json);

    let json = codec::proto_to_json(schema, id, unknown.raw, &type_meta)
        .map_err(|e| format!("protobuf to JSON: {e}"))?;
    same("protobuf to JSON", &json, &expected)?;

    let decoded =
        codec::decode_json(schema, id, &fixture.json).map_err(|e| format!("decode JSON: {e}"))?;
    if !decoded.strict.is_empty() {
        return Err(codec::strict_error(&decoded.strict));
    }
    let json = codec::encode_json(schema, id, &decoded.value).map_err(|e| e.to_string())?;
    same("JSON to JSON", &json, &expected)?;
    let proto = codec::encode_proto(schema, id, &decoded.value).map_err(|e| e.to_string())?;
    let proto = envelope::write(unknown.api_version, unknown.kind, &proto);
    same("JSON to protobuf", &proto, &fixture.proto)?;

    let mut tree = codec::decode_proto(schema, id, unknown.raw).map_err(|e| e.to_string())?;
    let again = codec::encode_proto(schema, id, &tree).map_err(|e| e.to_string())?;
    same("protobuf to protobuf", &again, unknown.raw)?;
    if !unknown.kind.is_empty() {
        tree["kind"] = unknown.kind.into();
        tree["apiVersion"] = unknown.api_version.into();
    }
    let json = codec::encode_json(schema, id, &tree).map_err(|e| e.to_string())?;
    same("protobuf to tree to JSON", &json, &expected)?;

    let printed = codec::json_to_yaml(&expected).map_err(|e| e.to_string())?;
    same("JSON to YAML", &printed, &fixture.yaml)?;
    let yaml = codec::decode_yaml(schema, id, &fixture.yaml).map_err(|e| e.to_string())?;
    if yaml != decoded {
        return Err("YAML differs from JSON".to_owned());
    }
    let retyped = codec::decode_tree(schema, id, decoded.value.clone()).unwrap();
    if retyped != decoded {
        return Err("a schema pass over the tree changes it".to_owned());
    }
    Ok(())
}

fn same(what: &str, ours: &[u8], theirs: &[u8]) -> Result<(), String> {
    if ours == theirs {
        return Ok(());
    }
    let at = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let end = bytes.len().min(at + 60);
        String::from_utf8_lossy(&bytes[at.saturating_sub(60).min(end)..end]).into_owned()
    };
    Err(format!(
        "{what}, at byte {at}:\n  ours   {:?}\n  theirs {:?}",
        around(ours),
        around(theirs)
    ))
}

#[test]
fn every_golden_file_in_every_direction() {
    let schema = schema::builtin();
    let fixtures = fixtures();
    let failures: Vec<String> = fixtures
        .iter()
        .filter_map(|fixture| {
            check(schema, fixture).err().map(|why| format!("{}: {why}", fixture.name))
        })
        .collect();
    println!("{} golden files, {} differ", fixtures.len(), failures.len());
    assert!(fixtures.len() >= 180, "only {} golden files", fixtures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
