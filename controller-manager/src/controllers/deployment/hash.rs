//! `pod-template-hash`: a short name for a pod template.
//!
//! Upstream hashes a dump of Go's own structs, which no other program can make; any two versions
//! of it may differ, and its controller therefore finds a template's ReplicaSet by comparing
//! templates, never by this hash. Ours has the same form and another rule: FNV-1a (32 bits) over
//! the template as JSON with sorted keys and without null, `false`, 0 and empty values, then the
//! collision count as four bytes, little end first, where there is one; its decimal digits, each
//! character's code taken as an index into the alphabet of generated names. The rule must not change: a changed hash is only a new name, but
//! it makes names of running clusters look like two programs' work.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

/// The alphabet of generated names.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// The hash of `template`. `collisions` is the Deployment's `status.collisionCount`.
pub(crate) fn template_hash(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    let value = serde_json::to_value(template).expect("API types are trees of plain JSON");
    let mut hash = Fnv(0x811c_9dc5);
    hash.value(&prune(&value).unwrap_or(Value::Null));
    if let Some(count) = collisions {
        hash.bytes(&count.to_le_bytes());
    }
    encode(hash.0)
}

/// `hash` in letters that make no words.
pub(crate) fn encode(hash: u32) -> String {
    hash.to_string().bytes().map(|digit| char::from(ALPHABET[usize::from(digit) % 27])).collect()
}

/// `value` without what means the same as its absence: null and empty values. `None` when nothing
/// is left.
pub(crate) fn prune(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(fields) => {
            let kept: serde_json::Map<_, _> =
                fields.iter().filter_map(|(k, v)| Some((k.clone(), prune(v)?))).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(items) if items.is_empty() => None,
        // An empty entry of a list still has its place.
        Value::Array(items) => {
            Some(items.iter().map(|item| prune(item).unwrap_or(Value::Null)).collect())
        }
        Value::Bool(false) => None,
        Value::Number(number) if number.as_f64() == Some(0.0) => None,
        Value::String(text) if text.is_empty() => None,
        other => Some(other.clone()),
    }
}

struct Fnv(u32);

impl Fnv {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }

    /// Whatever order the tree keeps its keys in, they are hashed sorted.
    fn value(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| *name);
                self.bytes(b"{");
                for (name, field) in fields {
                    self.bytes(name.as_bytes());
                    self.bytes(b":");
                    self.value(field);
                    self.bytes(b",");
                }
                self.bytes(b"}");
            }
            Value::Array(items) => {
                self.bytes(b"[");
                for item in items {
                    self.value(item);
                    self.bytes(b",");
                }
                self.bytes(b"]");
            }
            scalar => self.bytes(scalar.to_string().as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(value: Value) -> PodTemplateSpec {
        serde_json::from_value(value).expect("a template")
    }

    #[test]
    fn the_hash_stays_what_it_is() {
        let web = template(json!({"metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "nginx", "image": "nginx"}]}}));
        let hash = template_hash(&web, None);
        assert_eq!(hash, template_hash(&web.clone(), None));
        assert!(hash.bytes().all(|byte| b"456789bcdf".contains(&byte)), "{hash}");
        assert_ne!(hash, template_hash(&web, Some(1)));
        // Recorded once: a change here renames every ReplicaSet to come.
        assert_eq!(hash, RECORDED);
    }

    const RECORDED: &str = "6cc856fc75";

    #[test]
    fn what_means_the_same_hashes_the_same() {
        let plain = template(json!({"spec": {"containers": [{"name": "a"}]}}));
        let wordy = template(json!({"metadata": {"labels": {}}, "spec": {"hostNetwork": false,
            "volumes": [], "containers": [{"name": "a", "env": []}]}}));
        assert_eq!(template_hash(&plain, None), template_hash(&wordy, None));
        let other = template(json!({"spec": {"containers": [{"name": "b"}]}}));
        assert_ne!(template_hash(&plain, None), template_hash(&other, None));
    }
}
