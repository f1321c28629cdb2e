//! The requests for devices in claims and in templates of claims, between `resource.k8s.io/v1`, and
//! v1beta1, where a request for one kind of device says at once what it wants.
//! Mirrors `k8s.io/kubernetes/pkg/apis/resource/v1beta1`.

use object::{Map, Value};

/// What v1 says below `exactly`, and v1beta1 in the request itself.
const EXACT: &[&str] = &[
    "deviceClassName",
    "selectors",
    "allocationMode",
    "count",
    "adminAccess",
    "tolerations",
    "capacity",
];

pub(super) fn claim_to_v1(object: &mut Value) {
    each_request(&mut object["spec"], to_v1);
}

pub(super) fn claim_to_v1beta1(object: &mut Value) {
    each_request(&mut object["spec"], to_v1beta1);
}

pub(super) fn template_to_v1(object: &mut Value) {
    if object["spec"].is_object() {
        each_request(&mut object["spec"]["spec"], to_v1);
    }
}

pub(super) fn template_to_v1beta1(object: &mut Value) {
    if object["spec"].is_object() {
        each_request(&mut object["spec"]["spec"], to_v1beta1);
    }
}

fn each_request(spec: &mut Value, run: fn(&mut Map<String, Value>)) {
    let requests = spec.get_mut("devices").and_then(|devices| devices.get_mut("requests"));
    for request in requests.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(request) = request.as_object_mut() {
            run(request);
        }
    }
}

fn to_v1(request: &mut Map<String, Value>) {
    let mut exactly = Map::new();
    for field in EXACT {
        let said = |value: &Value| !(value.is_null() || value == "" || *value == 0);
        if let Some(value) = request.remove(*field).filter(said) {
            exactly.insert((*field).to_owned(), value);
        }
    }
    if !exactly.is_empty() {
        request.insert("exactly".to_owned(), exactly.into());
    }
}

fn to_v1beta1(request: &mut Map<String, Value>) {
    if let Some(Value::Object(exactly)) = request.remove("exactly") {
        request.extend(exactly);
    }
}
