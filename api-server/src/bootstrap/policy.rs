//! The default roles and bindings.

use super::recorded::WRITES_AT_ONCE;
use crate::objects::Cached;
use crate::own::Own;
use auth::bootstrap::{Action, plan};
use futures::{StreamExt, TryStreamExt, stream};
use object::Result;

/// Creates what is missing, and adds what is missing in what is there.
pub(super) async fn ensure(own: &Own, objects: &Cached) -> Result<()> {
    let (roles, bindings): (Vec<_>, Vec<_>) =
        plan(objects).into_iter().partition(|step| !step.resource.ends_with("bindings"));
    for steps in [roles, bindings] {
        stream::iter(steps)
            .map(|step| carry_out(own, step.action))
            .buffer_unordered(WRITES_AT_ONCE)
            .try_collect::<()>()
            .await?;
    }
    Ok(())
}

async fn carry_out(own: &Own, action: Action) -> Result<()> {
    match action {
        Action::Nothing | Action::Protected => Ok(()),
        Action::Create(object) => own.ensure(&object).await,
        Action::Update(object) => own.replace(&object).await,
        Action::Recreate { object, .. } => {
            own.remove(&object).await?;
            own.ensure(&object).await
        }
    }
}
