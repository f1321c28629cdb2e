//! Create: the order in which a new object comes to be.

use crate::limits::GENERATED_NAME_ATTEMPTS;
use crate::prepare::{before_create, begin};
use crate::write::{Swap, settle};
use crate::{Call, Registry, Target, fields, prepare};
use admission::{Operation, Request};
use cache::Item;
use object::{ApiError, Result, Value, meta};
use std::sync::Arc;

impl Registry {
    /// Creates an object, given in its stored version with defaults applied.
    ///
    /// A name made from `generateName` that turns out to be taken is made anew a few times.
    pub async fn create(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        mut object: Value,
    ) -> Result<Arc<Item>> {
        begin(target, &mut object)?;
        let generated = meta::name(&object).is_empty() && !meta::generate_name(&object).is_empty();
        // Only a generated name is tried again, so only then is the object needed again.
        for _ in 1..if generated { GENERATED_NAME_ATTEMPTS } else { 1 } {
            match self.create_once(call, target, object.clone()).await {
                Err(error) if error.reason == object::Reason::AlreadyExists => {}
                outcome => return outcome,
            }
        }
        self.create_once(call, target, object).await
    }

    pub(crate) async fn create_once(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        mut object: Value,
    ) -> Result<Arc<Item>> {
        let given = meta::name(&object).to_owned();
        let request = Request {
            operation: Operation::Create,
            kind: target.kind,
            subresource: target.subresource,
            namespace: target.namespace,
            name: &given,
            old: None,
            options: &call.options,
            user: call.user,
            dry_run: call.dry_run,
            warnings: &call.warnings,
        };
        fields::track(call, target, None, &mut object)?;
        self.admission.admit(&request, Some(&mut object)).await?;
        prepare::name(&mut object);
        let name = meta::name(&object).to_owned();
        let request = Request { name: &name, ..request };

        let taken = self.allocate(target, &mut object, None, call.dry_run).await?;
        let swap = self.create_allocated(call, target, &request, &mut object).await;
        settle(taken, matches!(swap, Ok(Swap::Done(_)))).await;
        match swap? {
            Swap::Done(item) => Ok(item),
            Swap::Lost(current) => Err(taken_name(target, &object, current.as_deref())),
        }
    }

    /// What may still fail once the object has what it needs from the allocators.
    async fn create_allocated(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        request: &Request<'_>,
        object: &mut Value,
    ) -> Result<Swap> {
        before_create(call, target, object)?;
        self.admission.validate(request, Some(object)).await?;
        self.put(call, target, object, 0).await
    }
}

/// The refusal of a name that is taken.
fn taken_name(target: &Target<'_>, object: &Value, current: Option<&Item>) -> ApiError {
    let (resource, name) = (target.kind.group_resource(), meta::name(object));
    let mut error = if meta::generate_name(object).is_empty() {
        ApiError::already_exists(&resource, name)
    } else {
        ApiError::generate_name_conflict(&resource, name)
    };
    let current = current.and_then(|item| item.stored_value().ok());
    if current.is_some_and(|current| meta::deletion_timestamp(&current).is_some()) {
        error.message = format!("object is being deleted: {}", error.message);
    }
    error
}
