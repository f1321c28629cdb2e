//! How nodes differ while they are written. Mirrors `pkg/registry/core/node`.

use crate::validation::{At, network, resources, scheduling};
use crate::{Context, meta_rules};
use object::{FieldErrors, Value, meta, names};
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

const FEATURE_NAME_BYTES: usize = 253;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn keeps_status_on_create(&self) -> bool {
        true
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        one_range(object);
        // The configuration by API is gone: what is there may stay, nothing comes.
        let (part, field) = match context.subresource.as_str() {
            "" => ("spec", "configSource"),
            _ => ("status", "config"),
        };
        if old[part][field].is_null() && !object[part][field].is_null() {
            meta::entry(object, part).remove(field);
        }
    }

    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        one_range(object);
        if !object["spec"]["configSource"].is_null() {
            meta::entry(object, "spec").remove("configSource");
        }
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        new_node(object, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource.is_empty() {
            // Upstream asks of a changed node all that it asks of a new one.
            meta_rules::create(object, false, self, errors);
            new_node(object, errors);
        }
        changes(object, old, errors);
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut out = Vec::new();
        if !object["spec"]["configSource"].is_null() {
            out.push("spec.configSource: the feature is removed".to_owned());
        }
        if !object["spec"]["externalID"].as_str().unwrap_or_default().is_empty() {
            out.push(
                "spec.externalID: this field is deprecated, and is unused by Kubernetes".into(),
            );
        }
        out
    }
}

/// Old clients know of one range of addresses only: where it is another than the first of the
/// list, it is meant.
fn one_range(object: &mut Value) {
    let spec = &mut object["spec"];
    let one = spec["podCIDR"].clone();
    let meant = one.as_str().is_some_and(|text| !text.is_empty());
    if meant && spec["podCIDRs"][0] != one {
        spec["podCIDRs"] = Value::Array(vec![one]);
    }
}

fn new_node(object: &Value, errors: &mut FieldErrors) {
    let root = At::root(object);
    let spec = root.get("spec");
    // Upstream looks for taints in the wrong place when it names them.
    let metadata = root.get("metadata");
    scheduling::taints(&spec.get("taints").shown_as(&metadata.get("taints")), errors);
    amounts(&root, errors);
    let swap = root.get("status.nodeInfo.swap.capacity");
    if swap.is_set() {
        swap.shown_as(&metadata.get("nodeSwapStatus").get("capacity")).positive(errors);
    }
    features(&root.get("status").get("declaredFeatures"), errors);
    let ranges = spec.get("podCIDRs");
    for range in ranges.items() {
        network::cidr(&range, range.text(), &[], errors);
    }
    if ranges.len() > 1 {
        let dual = network::is_dual_stack(ranges.texts()).unwrap_or(false);
        if !dual || ranges.len() > 2 {
            let detail = "may specify no more than one CIDR for each IP family";
            ranges.invalid(errors, detail);
        }
    }
}

fn amounts(root: &At<'_>, errors: &mut FieldErrors) {
    for field in ["capacity", "allocatable"] {
        let list = root.get("status").get(field);
        for (name, amount) in list.entries() {
            resources::value(&amount.shown_as(&list.get(name)), name, errors);
        }
    }
}

fn features(at: &At<'_>, errors: &mut FieldErrors) {
    static RULE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("^[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*$").expect("a constant")
    });
    let mut before: Option<&str> = None;
    for feature in at.items() {
        let name = feature.text();
        if before == Some(name) {
            feature.duplicate(errors, name);
        } else if before.is_some_and(|before| before > name) {
            feature.invalid(errors, "list must be sorted alphabetically");
        }
        if name.len() > FEATURE_NAME_BYTES {
            let detail = format!(
                "invalid feature name {name:?}: must be no more than {FEATURE_NAME_BYTES} \
                 characters"
            );
            feature.invalid(errors, detail);
        } else if !RULE.is_match(name) {
            let detail = format!(
                "invalid feature name {name:?}: must start with an UpperCamelCase segment, with \
                 subsequent segments separated by '/' (e.g., MyFeature or \
                 MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
            );
            feature.invalid(errors, detail);
        }
        before = Some(name);
    }
}

fn changes(object: &Value, old_object: &Value, errors: &mut FieldErrors) {
    const CIDRS: &str = "node updates may not change podCIDR except from \"\" to valid";
    let (root, old) = (At::root(object), At::root(old_object));
    let (spec, was) = (root.get("spec"), old.get("spec"));
    amounts(&root, errors);
    features(&root.get("status").get("declaredFeatures"), errors);
    let mut seen = BTreeSet::new();
    for address in root.get("status").get("addresses").items() {
        if !seen.insert((address.get("type").text(), address.get("address").text())) {
            address.duplicate_because(errors, "");
        }
    }
    let (ranges, old_ranges) = (spec.get("podCIDRs"), was.get("podCIDRs"));
    if !old_ranges.is_empty() {
        if ranges.len() != old_ranges.len() {
            ranges.forbidden(errors, CIDRS);
        }
        let both = ranges.texts().zip(old_ranges.texts());
        for _ in both.filter(|(now, was)| ranges.len() == old_ranges.len() && now != was) {
            ranges.forbidden(errors, CIDRS);
        }
    }
    let provider = spec.get("providerID");
    if !was.get("providerID").is_empty() && provider.text() != was.get("providerID").text() {
        let detail = "node updates may not change providerID except from \"\" to valid";
        provider.forbidden(errors, detail);
    }
    if spec.get("configSource").is_set() {
        config_source(&spec.get("configSource"), errors);
    }
    let taints = spec.get("taints");
    scheduling::taints(&taints.shown_as(&root.get("metadata").get("taints")), errors);
    let id = spec.get("externalID");
    if id.text() != was.get("externalID").text() {
        id.forbidden(errors, "may not be updated");
    }
}

fn config_source(at: &At<'_>, errors: &mut FieldErrors) {
    let map = at.get("configMap");
    if !map.is_set() {
        at.invalid(errors, "exactly one reference subfield must be non-nil");
        return;
    }
    for field in ["uid", "resourceVersion"] {
        if !map.get(field).is_empty() {
            map.get(field).forbidden(errors, format!("{field} must not be set in spec"));
        }
    }
    if map.get("namespace").require(errors) {
        map.get("namespace").check(errors, names::dns1123_label);
    }
    if map.get("name").require(errors) {
        map.get("name").check(errors, names::dns1123_subdomain);
    }
    if map.get("kubeletConfigKey").require(errors) {
        map.get("kubeletConfigKey").check(errors, names::config_map_key);
    }
}
