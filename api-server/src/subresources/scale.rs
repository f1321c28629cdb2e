//! `scale`: the number of replicas of anything that has one, as `autoscaling/v1` Scale.
//!
//! Mirrors the `ScaleREST` of `k8s.io/kubernetes/pkg/registry/apps`. Who owns the number is told by
//! the registry, but where a Scale is applied: then it has its own managed fields, for a while.

use crate::ask::Ask;
use crate::{Api, answer, body, version};
use axum::body::Body;
use http::{Response, StatusCode};
use kinds::Serves;
use object::{ApiError, Gvk, Result, Selector, Value, json, meta};
use patch::apply::{Endpoint, scale as owners};
use schema::builtin;

pub(super) async fn serve(api: &Api, ask: &Ask, serves: &Serves) -> Result<Response<Body>> {
    let Serves::Scale { replicas, .. } = serves else {
        return Err(ApiError::no_such_resource());
    };
    let path: Vec<&str> = replicas.split('.').collect();
    let target = ask.target();
    let gvk = Gvk::new("autoscaling", "v1", "Scale");
    if ask.verb == "get" {
        let shelf = api.registry.cache.shelf(ask.kind).ok_or_else(ApiError::no_such_resource)?;
        let at = crate::read_options::freshness(&ask.query)?;
        let item = api.registry.cache.get(shelf, target.namespace, target.name, at).await?;
        let item =
            item.ok_or_else(|| ApiError::not_found(&ask.kind.group_resource(), target.name))?;
        let scale = scale(serves, &served(ask, item.stored_value()?)?)?;
        return answer::value(ask, StatusCode::OK, &scale);
    }
    let put = match ask.verb.as_str() {
        "update" => Some(body::object(ask, &gvk)?),
        _ => None,
    };
    if let Some(scale) = &put {
        body::check_namespace(ask, scale)?;
        crate::verbs::check_name(ask, scale)?;
    }
    let mut endpoint = Endpoint::new(builtin(), &gvk).ok_or_else(ApiError::no_such_resource)?;
    endpoint.subresource = target.subresource;
    let applies = crate::verbs::is_apply(ask);
    let call = ask.call(!applies)?;
    let change = |live: Option<&Value>| {
        let Some(live) = live else { return Ok(None) };
        let mut object = served(ask, live.clone())?;
        let wanted = match &put {
            Some(scale) => scale.clone(),
            None => {
                let mut scale = scale(serves, &object)?;
                if applies {
                    owners::to_scale(&object, &path, &mut scale).map_err(ApiError::internal)?;
                }
                let scale = crate::verbs::patched(ask, &endpoint, &scale, &call.now)?;
                body::check_namespace(ask, &scale)?;
                crate::verbs::check_name(ask, &scale)?;
                scale
            }
        };
        let replicas = wanted["spec"]["replicas"].as_i64().unwrap_or_default();
        if replicas < 0 {
            let mut errors = object::FieldErrors::new();
            errors.invalid("spec.replicas", replicas, "must be greater than or equal to 0");
            return Err(ApiError::invalid(&gvk.group_kind(), meta::name(&wanted), errors));
        }
        if let Some(uid) = put.as_ref().map(meta::uid).filter(|uid| !uid.is_empty()) {
            // A precondition, which the registry looks at.
            meta::set(&mut object, "uid", uid);
        } else if put.is_none() && ![meta::uid(&object), ""].contains(&meta::uid(&wanted)) {
            return Err(another(ask, meta::uid(&wanted), &object));
        }
        let version = meta::resource_version(&wanted);
        if !version.is_empty() && version != meta::resource_version(&object) {
            return Err(ApiError::modified(&ask.kind.group_resource(), meta::name(&object)));
        }
        set(&mut object, &path, replicas.into());
        if applies {
            owners::to_parent(&mut object, &path, &wanted).map_err(ApiError::internal)?;
        }
        version::to_stored(ask.kind, &ask.resource.version, object).map(Some)
    };
    let (item, _) = api.registry.update(&call, &target, &change).await?;
    let scale = scale(serves, &served(ask, item.stored_value()?)?)?;
    answer::value(ask, StatusCode::OK, &scale)
}

fn served(ask: &Ask, object: Value) -> Result<Value> {
    version::from_stored(ask.kind, &ask.resource.version, object)
}

/// The Scale of an object.
fn scale(serves: &Serves, object: &Value) -> Result<Value> {
    let Serves::Scale { replicas, status_replicas, selector } = serves else {
        return Err(ApiError::no_such_resource());
    };
    let mut metadata = json!({});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object["metadata"].get(field) {
            metadata[field] = value.clone();
        }
    }
    let selector = match at(object, selector) {
        Value::Null => String::new(),
        // A replication controller's selector is a plain map.
        value if value.get("matchLabels").is_none() && value.get("matchExpressions").is_none() => {
            Selector::from_map(value).to_string()
        }
        value => Selector::from_label_selector(value).map_err(ApiError::internal)?.to_string(),
    };
    let mut status = json!({ "replicas": at(object, status_replicas).as_i64().unwrap_or(0) });
    if !selector.is_empty() {
        status["selector"] = selector.into();
    }
    let mut spec = json!({});
    if let Some(replicas) = at(object, replicas).as_i64().filter(|replicas| *replicas != 0) {
        spec["replicas"] = replicas.into();
    }
    Ok(json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }))
}

fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(object, |value, step| &value[step])
}

fn set(object: &mut Value, path: &[&str], value: Value) {
    let mut place = object;
    for step in path {
        place = &mut place[*step];
    }
    *place = value;
}

/// 409: the patched Scale has a UID, and it isn't that of the object.
fn another(ask: &Ask, wanted: &str, object: &Value) -> ApiError {
    let mut resource = ask.kind.group_resource();
    resource.resource = format!("{}/scale", resource.resource).into();
    let why = format!(
        "Precondition failed: UID in precondition: {wanted}, UID in object meta: {}",
        meta::uid(object)
    );
    ApiError::conflict(&resource, meta::name(object), why)
}
