//! The rules for `metadata.name`, of which each kind's strategy chooses one. Mirrors
//! `k8s.io/apimachinery/pkg/api/validation` (`generic.go`, `path/name.go`).

use object::names;

/// The rule for most names: a DNS subdomain. `prefix`: it will be continued.
pub(crate) fn subdomain(name: &str, prefix: bool) -> Vec<String> {
    masked(name, prefix, names::dns1123_subdomain)
}

/// The rule for names that become a label of DNS.
pub(crate) fn label(name: &str, prefix: bool) -> Vec<String> {
    masked(name, prefix, names::dns1123_label)
}

/// The rule for names that only have to fit into a path.
pub(crate) fn path_segment(name: &str, prefix: bool) -> Vec<String> {
    if prefix { names::path_segment_prefix(name) } else { names::path_segment_name(name) }
}

fn masked(name: &str, prefix: bool, rule: fn(&str) -> Vec<String>) -> Vec<String> {
    if prefix { rule(&names::mask_trailing_dash(name)) } else { rule(name) }
}
