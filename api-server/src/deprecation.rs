//! What clients are told about APIs that will go away one day: the lifecycle markers of the served
//! versions, in the words of `k8s.io/apiserver/pkg/endpoints/deprecation`.

/// Group, version, resource and the sentence.
const DEPRECATED: &[(&str, &str, &str, &str)] = &[
    ("", "v1", "componentstatuses", "v1 ComponentStatus is deprecated in v1.19+"),
    (
        "",
        "v1",
        "endpoints",
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    ),
];

/// The sentence for a resource in this version, if it is deprecated.
pub(crate) fn warning(group: &str, version: &str, resource: &str) -> Option<&'static str> {
    let (.., sentence) =
        DEPRECATED.iter().find(|(g, v, r, _)| (*g, *v, *r) == (group, version, resource))?;
    Some(sentence)
}
