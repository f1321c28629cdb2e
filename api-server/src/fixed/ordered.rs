//! Discovery documents with their members in upstream's order.
//!
//! No schema knows these types; one list of names is enough to order all of them. A document that
//! is equal byte for byte also has upstream's ETag.

use object::Value;

/// The members of a document itself.
const OUTER: &[&str] = &[
    "kind",
    "apiVersion",
    "metadata",
    "groupVersion",
    "name",
    "versions",
    "preferredVersion",
    "serverAddressByClientCIDRs",
    "groups",
    "resources",
    "items",
];

/// The members of everything in it.
const INNER: &[&str] = &[
    "metadata",
    "name",
    "singularName",
    "namespaced",
    "resource",
    "subresource",
    "responseKind",
    "scope",
    "singularResource",
    "groupVersion",
    "group",
    "version",
    "kind",
    "resources",
    "acceptedTypes",
    "verbs",
    "shortNames",
    "categories",
    "subresources",
    "storageVersionHash",
    "versions",
    "preferredVersion",
    "clientCIDR",
    "serverAddress",
    "freshness",
];

/// A document's JSON, without a newline.
pub(super) fn json(document: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    push(document, OUTER, &mut out);
    out
}

fn push(value: &Value, order: &[&str], out: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            let place = |name: &str| order.iter().position(|n| *n == name).unwrap_or(order.len());
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_by_key(|name| place(name));
            out.push(b'{');
            for (at, name) in names.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(format!("{name:?}:").as_bytes());
                push(&members[name], INNER, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                push(item, INNER, out);
            }
            out.push(b']');
        }
        scalar => out.extend_from_slice(codec::encode_json_free(scalar).trim_ascii_end()),
    }
}

#[cfg(test)]
mod tests {
    use object::json;

    #[test]
    fn the_kind_comes_first_outside_and_late_inside() {
        let document = json!({
            "apiVersion": "v1",
            "kind": "APIResourceList",
            "groupVersion": "v1",
            "resources": [{"kind": "Pod", "name": "pods", "verbs": ["get"], "namespaced": true}],
        });
        let text = r#"{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"v1","resources":[{"name":"pods","namespaced":true,"kind":"Pod","verbs":["get"]}]}"#;
        assert_eq!(String::from_utf8(super::json(&document)).unwrap(), text);
    }
}
