//! How ingresses differ while they are written. Mirrors `pkg/registry/networking/ingress`.

use crate::Context;
use crate::validation::{At, network};
use object::{FieldErrors, Value, meta, names};

const CLASS: &str = "kubernetes.io/ingress.class";
const PATH_TYPES: &[&str] = &["Exact", "ImplementationSpecific", "Prefix"];

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        spec(object, false, false, errors);
        let root = At::root(object);
        let (annotation, class) =
            (root.get("metadata.annotations").key(CLASS), root.get("spec.ingressClassName"));
        if annotation.is_set() && class.is_set() && annotation.text() != class.text() {
            let at = annotation.shown_as(&root.get("annotations").get(CLASS));
            at.invalid(errors, "must match `ingressClassName` when both are specified");
        }
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource == "status" {
            status(object, old, errors);
            return;
        }
        let was = At::root(old).get("spec");
        let bad_secret = was.get("tls").items().any(|tls| {
            let name = tls.get("secretName").text();
            !name.is_empty() && !names::dns1123_subdomain(name).is_empty()
        });
        let bad_wildcard = was.get("rules").items().any(|item| {
            let mut of_rule = FieldErrors::new();
            http(&item, &mut of_rule);
            item.get("host").text().contains('*') && !of_rule.is_empty()
        });
        spec(object, bad_secret, bad_wildcard, errors);
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let unnamed = object["spec"]["ingressClassName"].is_null();
        if old.is_some() || meta::annotation(object, CLASS).is_none() || !unnamed {
            return Vec::new();
        }
        vec![format!(
            "annotation {CLASS:?} is deprecated, please use 'spec.ingressClassName' instead"
        )]
    }
}

fn host(at: &At<'_>, errors: &mut FieldErrors) {
    if at.text().contains('*') {
        at.check(errors, names::wildcard_dns1123_subdomain);
    } else {
        at.check(errors, names::dns1123_subdomain);
    }
}

fn spec(object: &Value, bad_secret: bool, bad_wildcard: bool, errors: &mut FieldErrors) {
    let root = At::root(object);
    let spec = root.get("spec");
    let (rules, default) = (spec.get("rules"), spec.get("defaultBackend"));
    if rules.is_empty() && !default.is_set() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        rules.shown_as(&spec).invalid(errors, detail);
    }
    if default.is_set() {
        backend(&default, errors);
    }
    for rule in rules.items() {
        let name = rule.get("host");
        if !name.is_empty() {
            if network::parse_ip(name.text()).is_some() {
                name.invalid(errors, "must be a DNS name, not an IP address");
            }
            host(&name, errors);
        }
        if !bad_wildcard || !name.text().contains('*') {
            http(&rule, errors);
        }
    }
    for tls in spec.get("tls").items() {
        for name in tls.get("hosts").items() {
            host(&name, errors);
        }
        let secret = tls.get("secretName");
        if !secret.is_empty() && !bad_secret {
            secret.check(errors, names::dns1123_subdomain);
        }
    }
    let class = spec.get("ingressClassName");
    if class.is_set() {
        class.check(errors, names::dns1123_subdomain);
    }
}

fn http(rule: &At<'_>, errors: &mut FieldErrors) {
    let http = rule.get("http");
    if !http.is_set() {
        return;
    }
    let paths = http.get("paths");
    paths.require(errors);
    for item in paths.items() {
        let (path, kind) = (item.get("path"), item.get("pathType"));
        if !kind.is_set() {
            kind.required(errors, "pathType must be specified");
            continue;
        }
        let text = path.text();
        let exact = matches!(kind.text(), "Exact" | "Prefix");
        if !PATH_TYPES.contains(&kind.text()) {
            kind.not_supported(errors, PATH_TYPES);
        } else if !text.starts_with('/') && (exact || !text.is_empty()) {
            path.invalid_as(errors, text, "must be an absolute path");
        }
        if exact {
            for part in ["//", "/./", "/../", "%2f", "%2F"] {
                if text.contains(part) {
                    path.invalid(errors, format!("must not contain '{part}'"));
                }
            }
            for end in ["/..", "/."] {
                if text.ends_with(end) {
                    path.invalid(errors, format!("cannot end with '{end}'"));
                }
            }
        }
        backend(&item.get("backend"), errors);
    }
}

fn backend(at: &At<'_>, errors: &mut FieldErrors) {
    let (resource, service) = (at.get("resource"), at.get("service"));
    if resource.is_set() && service.is_set() {
        at.invalid_as(errors, "", "cannot set both resource and service backends");
        return;
    }
    if resource.is_set() {
        reference(&resource, errors);
        return;
    }
    if !service.is_set() {
        at.invalid_as(errors, "", "resource or service backend is required");
        return;
    }
    if service.get("name").require(errors) {
        service.get("name").check(errors, names::dns1123_label);
    }
    let (name, number) = (service.get("port").get("name"), service.get("port").get("number"));
    match (name.is_empty(), number.is_empty()) {
        (false, false) => at.invalid_as(errors, "", "cannot set both port name & port number"),
        (false, true) => name.check(errors, names::port_name),
        (true, false) => number.check_int(errors, names::port_number),
        (true, true) => at.required(errors, "port name or number is required"),
    }
}

/// A reference by group, kind and name.
pub(crate) fn reference(at: &At<'_>, errors: &mut FieldErrors) {
    if at.get("apiGroup").is_set() {
        at.get("apiGroup").check(errors, names::dns1123_subdomain);
    }
    for field in ["kind", "name"] {
        if at.get(field).require(errors) {
            at.get(field).check(errors, names::path_segment_name);
        }
    }
}

fn status(object: &Value, old_object: &Value, errors: &mut FieldErrors) {
    let list = |object| At::root(object).get("status").get("loadBalancer").get("ingress");
    let was: Vec<&str> = list(old_object).items().map(|i| i.get("ip").text()).collect();
    for ingress in list(object).items() {
        if !ingress.get("ip").is_empty() {
            network::ip(&ingress.get("ip"), &was, errors);
        }
        let name = ingress.get("hostname");
        if !name.is_empty() {
            name.check(errors, names::dns1123_subdomain);
            if network::parse_ip(name.text()).is_some() {
                name.invalid(errors, "must be a DNS name, not an IP address");
            }
        }
    }
}
