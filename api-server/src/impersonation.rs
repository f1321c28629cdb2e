//! Acting as somebody else: the `Impersonate-*` headers, for those who may.
//!
//! There are several modes (`mode`), asked one after the other; the first that lets the one who asks
//! become the one who is wanted counts. The mode that counted the last time is asked first (`last`),
//! and of those that refuse, the first one's words are the answer. With the feature gate
//! `ConstrainedImpersonation` off there is only the form that is older than the modes.
//!
//! Mirrors `k8s.io/apiserver/pkg/endpoints/filters/impersonation`, but remembers no grants: what was
//! allowed seconds ago is asked again here.

mod extra;
mod last;
mod mode;
mod rights;
mod wanted;

use crate::metrics;
use auth::{Attributes, Authorizers, UserInfo};
use http::HeaderMap;
use last::Last;
use mode::{ALONE, MODES};
use object::{ApiError, Result};
use runtime::clock::monotonic;
use std::sync::Arc;
use wanted::{Wanted, without_name, without_name_older};

/// By which rules somebody may act as somebody else.
#[derive(Debug)]
pub(crate) struct Impersonation {
    /// Which mode served each one the last time; none where the feature gate is off.
    last: Option<Last>,
}

impl Impersonation {
    /// `constrained`: whether `ConstrainedImpersonation` is on.
    pub(crate) fn new(constrained: bool) -> Self {
        Self { last: constrained.then(Last::default) }
    }

    /// Who the request is from: the one who asks, or the one whom the headers name. The headers are
    /// removed, so that no later stage can pass them on. `attributes` tells what the one who asks
    /// wants to do.
    ///
    /// # Errors
    /// 403 for those who may not, 400 for parts of a user without a name.
    pub(crate) async fn act(
        &self,
        authorizers: &Authorizers,
        headers: &mut HeaderMap,
        user: Arc<UserInfo>,
        attributes: impl FnOnce(&Arc<UserInfo>) -> Attributes,
    ) -> Result<Arc<UserInfo>> {
        let wanted = match wanted::read(headers) {
            Wanted::Nobody => return Ok(user),
            Wanted::NoName(parts) if self.last.is_some() => return Err(without_name(&parts)),
            Wanted::NoName(parts) => return Err(without_name_older(&parts)),
            Wanted::User(wanted) => wanted,
        };
        wanted::strip(headers);
        let attributes = attributes(&user);
        // Few requests come here, and this is no part of what the others carry along.
        let found = Box::pin(async {
            match &self.last {
                Some(last) => by_modes(last, authorizers, &wanted, &attributes).await,
                None => rights::check(&ALONE, authorizers, &wanted, &attributes)
                    .await?
                    .ok_or_else(failed),
            }
        });
        found.await.map(Arc::new)
    }
}

/// The user that the first mode makes which allows it.
async fn by_modes(
    last: &Last,
    authorizers: &Authorizers,
    wanted: &UserInfo,
    attributes: &Attributes,
) -> Result<UserInfo> {
    let begun = monotonic();
    let first = last.of(&attributes.user.name);
    let others = (0..MODES.len()).filter(|index| Some(*index) != first);
    let mut refused = None;
    for index in first.into_iter().chain(others) {
        let mode = &MODES[index];
        match rights::check(mode, authorizers, wanted, attributes).await {
            Ok(Some(user)) => {
                last.set(&attributes.user.name, index);
                metrics::impersonated(Some(mode.name), begun);
                return Ok(user);
            }
            Ok(None) => {}
            Err(error) => drop(refused.get_or_insert(error)),
        }
    }
    metrics::impersonated(None, begun);
    Err(refused.unwrap_or_else(failed))
}

/// No mode was for this user, though the oldest is for everyone.
fn failed() -> ApiError {
    ApiError::internal("all impersonation modes failed")
}

#[cfg(test)]
mod tests;
