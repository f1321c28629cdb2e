//! Every built-in object with nothing set: what Go leaves out, what it prints as null or zero, and
//! what protobuf writes all the same. The golden files have every field set and can't tell.

#![allow(clippy::unwrap_used, reason = "a test")]

use orlop_codec as codec;

use codec::TypeMeta;
use object::Gvk;
use schema::builtin;
use std::fmt::Write as _;

const OBJECTS: &str = include_str!("empty/objects.tsv");

#[test]
fn every_empty_object_is_written_as_upstream_writes_it() {
    let mut count = 0;
    for line in OBJECTS.lines() {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap();
        let (name, json, proto) = (next(), next(), next());
        let mut parts = name.splitn(3, '/');
        let mut next = || parts.next().unwrap();
        let gvk = Gvk::new(next(), next(), next());
        let id = builtin().root(&gvk).unwrap_or_else(|| panic!("no type for {gvk}"));

        let empty = codec::decode_json(builtin(), id, b"{}").unwrap().value;
        let raw = codec::encode_proto(builtin(), id, &empty).unwrap();
        let hex = raw.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        assert_eq!(hex, proto, "{gvk}");

        let version = gvk.group_version().to_string();
        let names = TypeMeta { api_version: &version, kind: &gvk.kind };
        let text = codec::proto_to_json(builtin(), id, &raw, &names).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), json, "{gvk}");

        let mut named = empty;
        named["kind"] = gvk.kind.as_ref().into();
        named["apiVersion"] = version.as_str().into();
        let text = codec::encode_json(builtin(), id, &named).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), json, "{gvk}");
        count += 1;
    }
    println!("{count} empty objects");
    assert!(count > 600, "only {count} objects");
}
