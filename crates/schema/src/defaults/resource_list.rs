//! Lists of resources with their amounts, `core.v1.ResourceList` (`SetDefaults_ResourceList`,
//! `SetDefaults_LimitRangeItem` and `SetDefaults_NodeStatus` in pkg/apis/core/v1).

use super::Object;
use crate::{Field, Scalar, Shape, Type};
use object::Value;
use object::quantity::Quantity;

/// The one type of core's that has a map of quantities which is no `ResourceList` in Go.
const OTHER: &str = "io.k8s.api.core.v1.NodeAllocatableResourceClaimStatus";

/// Whether a type has fields that are such lists. Other groups have maps of quantities too, but
/// upstream does not touch those.
pub(super) fn holds_any(known: &Type) -> bool {
    known.name.starts_with("io.k8s.api.core.v1.")
        && known.name != OTHER
        && known.fields.iter().any(is_list)
}

/// Rounds what is finer than a thousandth up to one, in the lists of a struct.
pub(super) fn round(known: &Type, object: &mut Object) {
    for field in known.fields.iter().filter(|field| is_list(field)) {
        let amounts = object.get_mut(field.name).and_then(Value::as_object_mut);
        for amount in amounts.into_iter().flat_map(Object::values_mut) {
            // An amount that is none is the decoder's to refuse.
            if let Some(Ok(mut quantity)) = amount.as_str().map(Quantity::parse) {
                quantity.round_up_to_milli();
                *amount = quantity.to_string().into();
            }
        }
    }
}

/// The limits of containers: default out of max, default request out of default and min.
pub(super) fn limit_range_item(item: &mut Object) {
    if item.get("type").and_then(Value::as_str) != Some("Container") {
        return;
    }
    for (to, from) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")]
    {
        let Some(Value::Object(amounts)) = item.get(from).cloned() else { continue };
        let target = item.entry(to).or_insert(Value::Null);
        if target.is_null() {
            *target = Value::Object(Object::new());
        }
        if let Value::Object(target) = target {
            for (name, amount) in amounts {
                target.entry(name).or_insert(amount);
            }
        }
    }
}

/// What a node can give is all that it has, until it says less.
pub(super) fn node_status(status: &mut Object) {
    if status.get("allocatable").is_none_or(Value::is_null)
        && let Some(capacity) = status.get("capacity").filter(|list| !list.is_null()).cloned()
    {
        status.insert("allocatable".to_owned(), capacity);
    }
}

fn is_list(field: &Field) -> bool {
    matches!(&field.shape, Shape::Map(item) if **item == Shape::Scalar(Scalar::Quantity))
}
