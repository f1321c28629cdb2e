//! What a create goes through whose object is not stored: reviews, tokens.
//!
//! Mirrors the create handler of `k8s.io/apiserver/pkg/endpoints` around a `rest.Creater` that
//! keeps nothing.

use crate::{Call, Registry, Target, fields};
use admission::{Operation, Request};
use object::{Result, Value, meta};

/// Completes an object and judges it.
pub type Rules<'a> = &'a (dyn Fn(&mut Value) -> Result<()> + Send + Sync);

impl Registry {
    /// Tracks fields, lets admission change the object, applies the rules, and lets admission
    /// refuse it.
    pub async fn pass(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        object: &mut Value,
        rules: Rules<'_>,
    ) -> Result<()> {
        fields::track(call, target, None, object)?;
        let own = meta::name(object).to_owned();
        let request = Request {
            operation: Operation::Create,
            kind: target.kind,
            subresource: target.subresource,
            namespace: target.namespace,
            name: if target.name.is_empty() { &own } else { target.name },
            old: None,
            options: &call.options,
            user: call.user,
            dry_run: call.dry_run,
            warnings: &call.warnings,
        };
        self.admission.admit(&request, Some(object)).await?;
        rules(object)?;
        self.admission.validate(&request, Some(object)).await
    }
}
