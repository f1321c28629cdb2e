//! `ResourceQuota`: a namespace uses no more than its quotas grant.
//!
//! What a write uses is added to the status of each quota that it falls under, by
//! compare-and-swap, before the write happens; a controller sets the numbers right afterwards.
//! Mirrors `k8s.io/apiserver/pkg/admission/plugin/resourcequota` and `pkg/quota/v1/evaluator`.

mod scopes;
mod usage;

use super::Setup;
use super::pod_amounts::{Amounts, add, amounts};
use crate::limits::CHARGE_ATTEMPTS;
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::quantity::Format;
use object::{ApiError, GroupResource, Quantity, Result, Value, json, meta};
use std::sync::Arc;
use usage::Counted;

struct ResourceQuota {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(ResourceQuota { cluster: setup.cluster.clone() })
}

fn quotas() -> GroupResource {
    GroupResource::new("", "resourcequotas")
}

#[async_trait]
impl Plugin for ResourceQuota {
    fn name(&self) -> &'static str {
        "ResourceQuota"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let Some(object) = object.filter(|_| !request.namespace.is_empty()) else { return Ok(()) };
        let counted = Counted::of(request);
        if request.is("", "namespaces") || !counted.concerns(request, object) {
            return Ok(());
        }
        let mut charges = Vec::new();
        for quota in self.cluster.list(&quotas(), Some(request.namespace)) {
            if let Some(charged) = charge(&counted, request, object, &quota)? {
                charges.push((quota, charged));
            }
        }
        if request.dry_run {
            return Ok(());
        }
        for (quota, charged) in charges {
            self.commit(&counted, request, object, &quota, charged).await?;
        }
        Ok(())
    }
}

impl ResourceQuota {
    /// Stores a charged quota; what somebody else changed meanwhile is charged anew.
    async fn commit(
        &self,
        counted: &Counted,
        request: &Request<'_>,
        object: &Value,
        quota: &Value,
        charged: Value,
    ) -> Result<()> {
        let name = meta::name(quota);
        let mut charged = charged;
        for _ in 0..CHARGE_ATTEMPTS {
            if self.cluster.swap_status(&quotas(), &charged).await? {
                return Ok(());
            }
            let Some(newest) = self.cluster.newest(&quotas(), request.namespace, name).await?
            else {
                return Ok(());
            };
            match charge(counted, request, object, &newest)? {
                Some(again) => charged = again,
                None => return Ok(()),
            }
        }
        Err(ApiError::modified(&quotas(), name))
    }
}

/// The quota with this write added to it; `None` when that changes nothing.
fn charge(
    counted: &Counted,
    request: &Request<'_>,
    object: &Value,
    quota: &Value,
) -> Result<Option<Value>> {
    let name = meta::name(quota);
    let hard = amounts(&quota["status"]["hard"]);
    let restricted: Vec<&String> = hard.keys().filter(|key| counted.counts(key)).collect();
    if restricted.is_empty() || !counted.in_scope(quota, object) {
        return Ok(None);
    }
    let refuse = |why: String| Err(request.forbidden(Some(object), why));
    if let Some(why) = counted.constraint(&restricted, object) {
        return refuse(format!("failed quota: {name}: {why}"));
    }
    let used = amounts(&quota["status"]["used"]);
    if restricted.iter().any(|key| !used.contains_key(*key)) {
        let names: Vec<&str> = restricted.iter().map(|key| key.as_str()).collect();
        return refuse(format!("status unknown for quota: {name}, resources: {}", names.join(",")));
    }
    let mut delta = counted.usage(object);
    let negative: Vec<&str> =
        delta.iter().filter(|(_, a)| a.sign() < 0).map(|(key, _)| key.as_str()).collect();
    if !negative.is_empty() {
        return refuse(format!("quota usage is negative for resource(s): {}", negative.join(",")));
    }
    if let (Operation::Update, Some(old)) = (request.operation, request.old)
        && counted.in_scope(quota, old)
    {
        for (key, amount) in counted.usage(old) {
            if let Some(known) = delta.get_mut(&key) {
                known.sub(&amount);
            }
        }
    }
    delta.retain(|key, amount| hard.contains_key(key) && amount.sign() > 0);
    if delta.is_empty() {
        return Ok(None);
    }
    let mut total = used.clone();
    add(&mut total, &delta);
    let exceeded = |all: &Amounts| -> String {
        let over = delta.keys().filter(|key| total.get(*key) > hard.get(*key));
        let texts: Vec<String> = over
            .map(|key| {
                format!("{key}={}", all.get(key).unwrap_or(&Quantity::new(0, Format::DecimalSi)))
            })
            .collect();
        texts.join(",")
    };
    if delta.keys().any(|key| total.get(key) > hard.get(key)) && request.subresource != "status" {
        return refuse(format!(
            "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
            exceeded(&delta),
            exceeded(&used),
            exceeded(&hard)
        ));
    }
    let mut charged = quota.clone();
    for (key, amount) in &total {
        charged["status"]["used"][key] = json!(amount.to_string());
    }
    Ok(Some(charged))
}

#[cfg(test)]
mod tests;
