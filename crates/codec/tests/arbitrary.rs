//! Bytes that nobody meant: no reader may panic on them, and what one reader takes the other
//! directions must take, too.

#![allow(clippy::unwrap_used, reason = "a test")]

use orlop_codec as codec;

use codec::{TypeId, TypeMeta, envelope, limits};
use object::Gvk;
use proptest::prelude::*;
use schema::builtin;

fn root(group: &'static str, version: &'static str, kind: &'static str) -> TypeId {
    builtin().root(&Gvk::new(group, version, kind)).unwrap()
}

fn roots() -> Vec<TypeId> {
    vec![
        root("", "v1", "Pod"),
        root("", "v1", "Secret"),
        root("apps", "v1", "StatefulSet"),
        root("apiextensions.k8s.io", "v1", "CustomResourceDefinition"),
        root("authentication.k8s.io", "v1", "TokenReview"),
        root("", "v1", "APIResourceList"),
    ]
}

/// Bytes that look like protobuf: small tags, right lengths, nested.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        (1u8..16, any::<u8>()).prop_map(|(tag, n)| vec![tag << 3, n & 0x7f]),
        (1u8..16, "[a-z0-9:.-]{0,12}").prop_map(|(tag, text)| field(tag, text.as_bytes())),
        proptest::collection::vec(any::<u8>(), 0..12),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        (1u8..16, proptest::collection::vec(inner, 0..6))
            .prop_map(|(tag, parts)| field(tag, &parts.concat()))
    })
}

fn field(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag << 3 | 2];
    let mut length = body.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(body);
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn protobuf(bytes in proptest::collection::vec(message(), 0..6)) {
        let bytes = bytes.concat();
        let _ = envelope::read(&bytes);
        let _ = envelope::splice_resource_version(&bytes, "12");
        let _ = codec::peek::metadata(&bytes);
        for id in roots() {
            let _ = codec::proto_to_json(builtin(), id, &bytes, &TypeMeta::default());
            let _ = codec::peek::field(builtin(), id, &bytes, "metadata.name");
            // What is read must be written, and read as the same again.
            if let Ok(tree) = codec::decode_proto(builtin(), id, &bytes) {
                let again = codec::encode_proto(builtin(), id, &tree).unwrap();
                let tree_again = codec::decode_proto(builtin(), id, &again).unwrap();
                prop_assert_eq!(&tree, &tree_again);
                prop_assert_eq!(
                    codec::encode_json(builtin(), id, &tree).unwrap(),
                    codec::proto_to_json(builtin(), id, &again, &TypeMeta::default()).unwrap()
                );
            }
        }
    }

    #[test]
    fn text(bytes in proptest::collection::vec(any::<u8>(), 0..64), text in "[\\[\\]{}\":, a-c0-9\\-\n]{0,40}") {
        for body in [&bytes[..], text.as_bytes()] {
            for id in roots() {
                let _ = codec::decode_json(builtin(), id, body);
                let _ = codec::decode_yaml(builtin(), id, body);
            }
            let _ = codec::decode_json_free(body);
            let _ = codec::json_peek::type_of(body);
        }
    }

    #[test]
    fn headers(header in "[a-z*/;=,. ]{0,60}") {
        let _ = codec::negotiate::accept(&header, codec::negotiate::Offer::BUILTIN);
        let _ = codec::negotiate::content_type(&header);
    }
}

#[test]
fn nesting_has_an_end() {
    let id = root("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let props = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
    let not = builtin().field(builtin().named(props).unwrap(), "not").unwrap().tag;
    let mut schema = field(5, b"object");
    for _ in 0..10_000 {
        let mut outer = vec![(not << 3 | 2) as u8 | 0x80, (not >> 4) as u8];
        outer.extend_from_slice(&field(1, &schema)[1..]);
        schema = outer;
    }
    let version = field(4, &field(1, &schema));
    let bytes = field(2, &field(7, &version));
    let refused = codec::decode_proto(builtin(), id, &bytes).unwrap_err();
    assert_eq!(refused, codec::DecodeError::Depth(limits::PROTO_DEPTH_MESSAGES));

    let text = format!("{}{}", "{\"spec\":".repeat(10_000), "}".repeat(10_000));
    assert!(codec::decode_json_free(text.as_bytes()).is_err());
    let text = "[".repeat(100_000);
    assert!(codec::decode_json_free(text.as_bytes()).is_err());
}
