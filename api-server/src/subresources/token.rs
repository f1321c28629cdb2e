//! `serviceaccounts/token`: a signed token for a time, an audience and an object to end with.
//!
//! Mirrors `pkg/registry/core/serviceaccount/storage` (`TokenREST`).

use crate::ask::Ask;
use crate::objects::Cached;
use crate::{Api, answer, body};
use auth::authentication::service_account::{Bound, BoundClaims, Reference, jwt};
use axum::body::Body;
use http::{Response, StatusCode};
use jiff::SignedDuration;
use object::{ApiError, FieldErrors, GroupKind, GroupResource, Gvk, Result, Value, json, meta};

/// The life that kubelets ask for on behalf of pods; such tokens live longer, see below.
const MOUNTED_SECONDS: i64 = 60 * 60 + 7;
/// How long those live in fact, for clients that do not read them anew.
const EXTENDED_SECONDS: i64 = 365 * 24 * 60 * 60;
const SECONDS_MIN: i64 = 10 * 60;
const SECONDS_MAX: i64 = 1 << 32;

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let (Some(signer), rules) = (&api.access.signer, &api.access.tokens) else {
        return Err(ApiError::no_such_resource());
    };
    let gvk = Gvk::new("authentication.k8s.io", "v1", "TokenRequest");
    let mut request = body::object(ask, &gvk)?;
    body::check_namespace(ask, &request)?;
    let (namespace, name) = (ask.resource.namespace.as_str(), ask.resource.name.as_str());
    matches_path(&gvk.group_kind(), &request, namespace, name)?;

    let objects = Cached(api.registry.cache.clone());
    let account = objects.need(&GroupResource::new("", "serviceaccounts"), namespace, name).await?;
    let uid = meta::uid(&request).to_owned();
    if !uid.is_empty() && uid != meta::uid(&account) {
        let resource = GroupResource::new("authentication.k8s.io", "TokenRequest");
        let why = format!(
            "the UID in the token request ({uid}) does not match the UID of the service account ({})",
            meta::uid(&account)
        );
        return Err(ApiError::conflict(&resource, name, why));
    }
    let mut call = ask.call(true)?;
    call.gvk = gvk.clone();
    let now = runtime::clock::now();
    let complete = |request: &mut Value| {
        if request["spec"]["audiences"].as_array().is_none_or(|list| list.is_empty()) {
            meta::entry(request, "spec").insert("audiences".into(), json!(rules.audiences));
        }
        for (field, value) in
            [("name", name), ("namespace", namespace), ("uid", meta::uid(&account))]
        {
            meta::set(request, field, value);
        }
        meta::set(request, "creationTimestamp", &object::time::print(now));
        let errors = errors(request);
        if errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::invalid(&gvk.group_kind(), "", errors))
        }
    };
    api.registry.pass(&call, &ask.target(), &mut request, &complete).await?;
    ask.keep_warnings(&call);

    let bound = bound(&objects, &request["spec"]["boundObjectRef"], namespace, name).await?;
    let asked = request["spec"]["expirationSeconds"].as_i64().unwrap_or_default();
    let mut seconds = asked;
    if rules.max_seconds > 0 && asked > rules.max_seconds {
        seconds = rules.max_seconds;
        ask.warn([format!(
            "requested expiration of {asked} seconds shortened to {seconds} seconds"
        )]);
        request["spec"]["expirationSeconds"] = seconds.into();
    }
    let audiences: Vec<String> = texts(&request["spec"]["audiences"]);
    let ours = audiences.iter().all(|audience| rules.audiences.contains(audience));
    let warn = rules.extended && bound.pod.is_some() && seconds == MOUNTED_SECONDS && ours;
    let kubernetes = Bound {
        namespace: namespace.to_owned(),
        service_account: reference(&account),
        warn_after: warn.then(|| now.as_second() + seconds),
        ..bound
    };
    let life = if warn { EXTENDED_SECONDS } else { seconds };
    let claims = BoundClaims::new(&rules.issuer, audiences, kubernetes, now, life);
    let token = jwt::sign(signer, &claims)
        .map_err(|why| ApiError::internal(format!("failed to generate token: {why}")))?;
    request["status"] = json!({
        "token": token,
        "expirationTimestamp": object::time::print(now + SignedDuration::from_secs(seconds)),
    });
    answer::value(ask, StatusCode::CREATED, &request)
}

fn matches_path(kind: &GroupKind, request: &Value, namespace: &str, name: &str) -> Result<()> {
    let said =
        [("name", meta::name(request), name), ("namespace", meta::namespace(request), namespace)];
    for (field, said, expected) in said {
        if !said.is_empty() && said != expected {
            let mut errors = FieldErrors::new();
            let why = format!("must match the service account {field} if specified");
            errors.invalid(&format!("metadata.{field}"), said, why);
            return Err(ApiError::invalid(kind, name, errors));
        }
    }
    Ok(())
}

fn errors(request: &Value) -> FieldErrors {
    const PATH: &str = "spec.expirationSeconds";
    let mut errors = FieldErrors::new();
    let seconds = request["spec"]["expirationSeconds"].as_i64().unwrap_or_default();
    if seconds < SECONDS_MIN {
        errors.invalid(PATH, seconds, "may not specify a duration less than 10 minutes");
    }
    if seconds > SECONDS_MAX {
        errors.invalid(PATH, seconds, "may not specify a duration larger than 2^32 seconds");
    }
    errors
}

/// The object that the token ends with, and its node.
async fn bound(objects: &Cached, asked: &Value, namespace: &str, account: &str) -> Result<Bound> {
    let mut bound = Bound::default();
    if asked.is_null() {
        return Ok(bound);
    }
    let text = |field: &str| asked[field].as_str().unwrap_or_default();
    let (kind, name) = (text("kind"), text("name"));
    let version = text("apiVersion");
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let found = match (group, kind) {
        ("", "Pod") => {
            let pod = objects.need(&GroupResource::new("", "pods"), namespace, name).await?;
            let spec = &pod["spec"];
            if spec["serviceAccountName"] != account {
                return Err(ApiError::bad_request(format!(
                    "cannot bind token for serviceaccount {account:?} to pod running with different \
                     serviceaccount name."
                )));
            }
            if let Some(node) = spec["nodeName"].as_str().filter(|node| !node.is_empty()) {
                let known = objects.newest(&GroupResource::new("", "nodes"), "", node).await?;
                let nameless = || Reference { name: node.to_owned(), uid: String::new() };
                bound.node = Some(known.as_deref().map_or_else(nameless, reference));
            }
            bound.pod = Some(reference(&pod));
            pod
        }
        ("", "Node") => {
            let node = objects.need(&GroupResource::new("", "nodes"), "", name).await?;
            bound.node = Some(reference(&node));
            node
        }
        ("", "Secret") => {
            let secret = objects.need(&GroupResource::new("", "secrets"), namespace, name).await?;
            bound.secret = Some(reference(&secret));
            secret
        }
        (group, _) => {
            return Err(ApiError::bad_request(format!(
                "cannot bind token to object of type {group}/{version}, Kind={kind}"
            )));
        }
    };
    let uid = text("uid");
    if !uid.is_empty() && uid != meta::uid(&found) {
        let why = format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The \
             object might have been deleted and then recreated"
        );
        return Err(ApiError::conflict(&GroupResource::new("", kind.to_owned()), name, why));
    }
    Ok(bound)
}

fn reference(object: &Value) -> Reference {
    Reference { name: meta::name(object).to_owned(), uid: meta::uid(object).to_owned() }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
