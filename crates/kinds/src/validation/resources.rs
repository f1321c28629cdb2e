//! Resources and amounts of them: limits, requests, quotas, ranges. Mirrors
//! `pkg/apis/core/validation` and `pkg/apis/core/helper`.

use super::{At, text};
use object::quantity::Quantity;
use object::{FieldErrors, Value, names};

const HUGE_PAGES: &str = "hugepages-";
const REQUESTS: &str = "requests.";
const NOT_AN_INTEGER: &str = "must be an integer";
const POD_LEVEL: &[&str] = &["cpu", "hugepages-", "memory"];

const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];

const INTEGER: &[&str] = &[
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

/// An amount; nothing where it is absent (what can't be read never gets here).
pub(crate) fn amount(value: &Value) -> Quantity {
    value.as_str().and_then(|text| Quantity::parse(text).ok()).unwrap_or(Quantity::ZERO)
}

/// A name without a domain, or in Kubernetes' own.
pub(crate) fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_huge_page(name: &str) -> bool {
    name.starts_with(HUGE_PAGES)
}

fn is_quota_huge_page(name: &str) -> bool {
    is_huge_page(name) || name.starts_with("requests.hugepages-")
}

/// Whether a resource is somebody's own, such as `example.com/gpu`.
pub(crate) fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with(REQUESTS)
        && names::qualified_name(&format!("{REQUESTS}{name}")).is_empty()
}

pub(crate) fn is_standard_quota(name: &str) -> bool {
    (name != "storage" && STANDARD.contains(&name)) || is_quota_huge_page(name)
}

pub(crate) fn is_overcommittable(name: &str) -> bool {
    is_native(name) && !is_huge_page(name)
}

/// A resource's name of any kind; tells whether it is one.
pub(crate) fn name(at: &At<'_>, name: &str, errors: &mut FieldErrors) -> bool {
    let complaints = names::qualified_name(name);
    for complaint in &complaints {
        at.invalid_as(errors, name, complaint.as_str());
    }
    let known = name.contains('/') || STANDARD.contains(&name) || is_quota_huge_page(name);
    if complaints.is_empty() && !known {
        at.invalid_as(errors, name, "must be a standard resource type or fully qualified");
    }
    complaints.is_empty() && known
}

/// The name of something that a container uses.
pub(crate) fn container_name(at: &At<'_>, resource: &str, errors: &mut FieldErrors) {
    name(at, resource, errors);
    if !resource.contains('/') {
        let standard = matches!(resource, "cpu" | "memory" | "ephemeral-storage");
        if !standard && !is_huge_page(resource) {
            at.invalid_as(errors, resource, "must be a standard resource for containers");
        }
    } else if !is_native(resource) && !is_extended(resource) {
        at.invalid_as(errors, resource, "doesn't follow extended resource name standard");
    }
}

fn pod_name(at: &At<'_>, resource: &str, errors: &mut FieldErrors) {
    if name(at, resource, errors)
        && !matches!(resource, "cpu" | "memory")
        && !is_huge_page(resource)
    {
        at.not_supported_as(errors, resource, POD_LEVEL);
    }
}

/// The name of something that a quota counts.
pub(crate) fn quota_name(at: &At<'_>, resource: &str, errors: &mut FieldErrors) {
    name(at, resource, errors);
    if !resource.contains('/') && !is_standard_quota(resource) {
        at.invalid_as(errors, resource, "must be a standard resource for quota");
    }
}

/// An amount of a resource: not negative, and whole where it is counted.
pub(crate) fn value(at: &At<'_>, resource: &str, errors: &mut FieldErrors) {
    let quantity = amount(at.value);
    if quantity < Quantity::ZERO {
        at.invalid_as(errors, quantity.to_string(), text::NEGATIVE);
    }
    let whole = INTEGER.contains(&resource) || is_extended(resource);
    if whole && quantity.milli_value() % 1000 != 0 {
        at.invalid_as(errors, quantity.to_string(), NOT_AN_INTEGER);
    }
}

/// An amount that is a number at all.
pub(crate) fn basic(at: &At<'_>, errors: &mut FieldErrors) {
    let whole = amount(at.value).value();
    if whole < 0 {
        at.invalid_as(errors, whole, "must be a valid resource quantity");
    }
}

/// An amount above zero; tells whether it is.
pub(crate) fn positive(at: &At<'_>, errors: &mut FieldErrors) -> bool {
    let quantity = amount(at.value);
    let good = quantity > Quantity::ZERO;
    if !good {
        at.invalid_as(errors, quantity.to_string(), text::NOT_POSITIVE);
    }
    good
}

/// What resources are asked for by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    Container,
    Pod,
}

/// `core.ResourceRequirements`. `claims`: the names of the pod's claims; `lenient`: amounts of
/// huge pages that don't divide are forgiven.
pub(crate) fn requirements(
    at: &At<'_>,
    asker: Asker,
    claims: &[&str],
    lenient: bool,
    errors: &mut FieldErrors,
) {
    let (limits, requests) = (at.get("limits"), at.get("requests"));
    let check_name = match asker {
        Asker::Container => container_name,
        Asker::Pod => pod_name,
    };
    for (resource, limit) in limits.entries() {
        check_name(&limit, resource, errors);
        value(&limit, resource, errors);
        huge_page(&limit, resource, lenient, errors);
    }
    for (resource, request) in requests.entries() {
        check_name(&request, resource, errors);
        value(&request, resource, errors);
        let (asked, limit) = (amount(request.value), limits.key(resource));
        let top = amount(limit.value);
        let overcommittable = is_overcommittable(resource);
        let must_be = match (limit.is_set(), overcommittable) {
            (true, false) if asked != top => "equal to",
            (true, _) if asked > top => "less than or equal to",
            (false, false) => {
                limits.required(errors, "Limit must be set for non overcommitable resources");
                ""
            }
            _ => "",
        };
        if !must_be.is_empty() {
            let detail = format!("must be {must_be} {resource} limit of {top}");
            requests.invalid_as(errors, asked.to_string(), detail);
        }
        huge_page(&request, resource, lenient, errors);
    }
    let either = |wanted: fn(&str) -> bool| limits.keys().chain(requests.keys()).any(wanted);
    if either(is_huge_page) && !either(|name| matches!(name, "cpu" | "memory")) {
        at.forbidden(errors, "HugePages require cpu or memory");
    }
    claim_names(&at.get("claims"), claims, errors);
}

fn huge_page(at: &At<'_>, resource: &str, lenient: bool, errors: &mut FieldErrors) {
    let Some(size) = resource.strip_prefix(HUGE_PAGES) else { return };
    if lenient {
        return;
    }
    let quantity = amount(at.value);
    let divides = Quantity::parse(size).is_ok_and(|size| {
        size > Quantity::ZERO
            && size.milli_value() % 1000 == 0
            && quantity.value() % size.value() == 0
    });
    if !divides {
        let detail = format!("{quantity} is not positive integer multiple of {resource}");
        at.invalid_as(errors, quantity.to_string(), detail);
    }
}

fn claim_names(at: &At<'_>, known: &[&str], errors: &mut FieldErrors) {
    let mut seen: Vec<String> = Vec::new();
    for claim in at.items() {
        let (name, request) = (claim.get("name").text(), claim.get("request").text());
        if name.is_empty() {
            claim.required(errors, "");
            continue;
        }
        let mut key = name.to_owned();
        if seen.iter().any(|s| s == name) {
            claim.duplicate(errors, name);
        } else if request.is_empty() {
            for _ in seen.iter().filter(|s| s.split_once('/').is_some_and(|(n, _)| n == name)) {
                claim.duplicate(errors, name);
            }
        } else {
            claim.get("request").check(errors, names::dns1123_label);
            key = format!("{name}/{request}");
            if seen.contains(&key) {
                claim.duplicate(errors, key.as_str());
            }
        }
        seen.push(key);
        if !known.contains(&name) {
            let mut known = known.to_vec();
            known.sort_unstable();
            let list = match known.as_slice() {
                [] => " which is empty".to_owned(),
                some => format!(": {}", some.join(", ")),
            };
            let named = claim.get("name").shown_as(&claim);
            let detail = format!("must be one of the names in pod.spec.resourceClaims{list}");
            named.not_found(errors, detail);
        }
    }
}

/// Whether amounts of huge pages don't divide: such objects are forgiven.
pub(crate) fn has_odd_huge_pages(requirements: &At<'_>) -> bool {
    let mut errors = FieldErrors::new();
    for field in ["limits", "requests"] {
        for (resource, quantity) in requirements.get(field).entries() {
            huge_page(&quantity, resource, false, &mut errors);
        }
    }
    !errors.is_empty()
}
