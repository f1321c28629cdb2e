//! DELETE of one object, or of a collection.

use super::list;
use crate::ask::Ask;
use crate::{Api, answer, body};
use axum::body::Body;
use http::{Response, StatusCode};
use object::{ApiError, FieldErrors, GroupKind, Gvk, Result, Value, json, meta};
use registry::{DeleteOptions, Propagation};

pub(super) async fn one(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let Read { options, dry_run, keeps_no_orphans } = read_options(ask)?;
    let mut call = ask.call(false)?;
    call.dry_run = dry_run;
    warn(ask, &options);
    let deleted = api.registry.delete(&call, &ask.target(), &options).await?;
    ask.keep_warnings(&call);
    if deleted.gone && !ask.kind.strategy.returns_deleted() {
        let object = deleted.item.stored_value()?;
        return answer::value(ask, StatusCode::OK, &success(ask, &object));
    }
    // Old clients that wait for their dependents are told that this goes on.
    let goes_on = keeps_no_orphans && !deleted.gone;
    let code = if goes_on { StatusCode::ACCEPTED } else { StatusCode::OK };
    answer::item(ask, code, &deleted.item)
}

pub(super) async fn collection(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let Read { options, dry_run, .. } = read_options(ask)?;
    let list = list::listed(api, ask).await?;
    let mut call = ask.call(false)?;
    call.dry_run = dry_run;
    warn(ask, &options);
    let deleted = api.registry.delete_collection(&call, &ask.target(), list, &options).await?;
    answer::list(ask, &deleted)
}

fn warn(ask: &Ask, options: &DeleteOptions) {
    if options.propagation.is_none() {
        ask.warn(ask.kind.strategy.delete_warning().map(str::to_owned));
    }
}

/// The answer to a deletion that is done: what was deleted, by name and UID.
fn success(ask: &Ask, object: &Value) -> Value {
    let mut details = json!({"name": meta::name(object), "kind": ask.kind.plural});
    if !ask.kind.group.is_empty() {
        details["group"] = ask.kind.group.into();
    }
    details["uid"] = meta::uid(object).into();
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    })
}

/// What a deletion is told.
struct Read {
    options: DeleteOptions,
    dry_run: bool,
    /// `orphanDependents: false`, the old word for a deletion that takes the dependents along.
    keeps_no_orphans: bool,
}

/// The options from the body, or from the query where there is none: upstream reads no query
/// beside a body, not even `dryRun`.
fn read_options(ask: &Ask) -> Result<Read> {
    let query = &ask.query;
    let options = if ask.body.is_empty() {
        let mut options = json!({});
        if let Some(seconds) = query.integer("gracePeriodSeconds")? {
            options["gracePeriodSeconds"] = seconds.into();
        }
        if let Some(policy) = query.get("propagationPolicy") {
            options["propagationPolicy"] = policy.into();
        }
        if query.get("orphanDependents").is_some() {
            options["orphanDependents"] = query.flag("orphanDependents").into();
        }
        options["dryRun"] = query.all("dryRun").collect();
        options
    } else {
        body::options(ask, &Gvk::new("", "v1", "DeleteOptions"))?
    };
    let dry = options["dryRun"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let dry: Vec<&str> = dry.collect();
    if dry.iter().any(|value| *value != "All") {
        let mut errors = FieldErrors::new();
        errors.not_supported("dryRun", json!(dry), &["All"]);
        let kind = GroupKind::new("meta.k8s.io", "DeleteOptions");
        return Err(ApiError::invalid(&kind, "", errors));
    }
    let dry_run = !dry.is_empty();
    let keeps_no_orphans = options["orphanDependents"] == json!(false);
    Ok(Read { options: meant(&options)?, dry_run, keeps_no_orphans })
}

/// What an options object means.
pub(crate) fn meant(options: &Value) -> Result<DeleteOptions> {
    let orphan = options["orphanDependents"].as_bool();
    let policy = options["propagationPolicy"].as_str();
    let refuse = |errors| {
        Err(ApiError::invalid(&GroupKind::new("meta.k8s.io", "DeleteOptions"), "", errors))
    };
    let propagation = match (orphan, policy) {
        (Some(_), Some(policy)) => {
            let mut errors = FieldErrors::new();
            errors.invalid(
                "propagationPolicy",
                policy,
                "orphanDependents and deletionPropagation cannot be both set",
            );
            return refuse(errors);
        }
        (Some(true), None) | (None, Some("Orphan")) => Some(Propagation::Orphan),
        (Some(false), None) | (None, Some("Background")) => Some(Propagation::Background),
        (None, Some("Foreground")) => Some(Propagation::Foreground),
        (None, None) => None,
        (None, Some(other)) => {
            let mut errors = FieldErrors::new();
            let allowed = &["Foreground", "Background", "Orphan", "nil"];
            errors.not_supported_in_order("propagationPolicy", other, allowed);
            return refuse(errors);
        }
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Ok(DeleteOptions {
        grace_seconds: options["gracePeriodSeconds"].as_i64(),
        uid: text(&options["preconditions"]["uid"]),
        resource_version: text(&options["preconditions"]["resourceVersion"]),
        propagation,
    })
}
