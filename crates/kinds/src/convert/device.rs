//! The devices of `ResourceSlice`, between `resource.k8s.io/v1`, and v1beta1, where all that a
//! device is stands below `basic`. Mirrors `k8s.io/kubernetes/pkg/apis/resource/v1beta1`.

use object::{Map, Value};

pub(super) fn slice_to_v1(object: &mut Value) {
    let Some(spec) = object["spec"].as_object_mut() else { return };
    // No pointers there: what is zero was not said.
    for field in ["nodeName", "allNodes"] {
        if spec.get(field).is_some_and(|value| value == "" || *value == false) {
            spec.remove(field);
        }
    }
    each_device(spec, |device| {
        if let Some(Value::Object(basic)) = device.remove("basic") {
            device.extend(basic);
        }
    });
}

pub(super) fn slice_to_v1beta1(object: &mut Value) {
    let Some(spec) = object["spec"].as_object_mut() else { return };
    each_device(spec, |device| {
        let name = device.remove("name");
        let basic = std::mem::take(device);
        device.extend(name.map(|name| ("name".to_owned(), name)));
        device.insert("basic".to_owned(), basic.into());
    });
}

fn each_device(spec: &mut Map<String, Value>, run: fn(&mut Map<String, Value>)) {
    let devices = spec.get_mut("devices").and_then(Value::as_array_mut);
    for device in devices.into_iter().flatten() {
        if let Some(device) = device.as_object_mut() {
            run(device);
        }
    }
}
