//! Nobody gives away what they do not have: the gate before writes of roles and bindings.
//!
//! It is not one of the plugins, for it can't be switched off. Mirrors the `policybased` storages of
//! `pkg/registry/rbac`.

use crate::objects::Cached;
use admission::{Operation, Plugin, Request};
use async_trait::async_trait;
use auth::Authorizers;
use auth::authorization::escalation::{
    RoleWrite, check_binding, check_role, only_for_garbage_collection,
};
use auth::authorization::rbac::{GROUP, Rbac};
use object::{ApiError, Result, Value};
use std::sync::Arc;

/// The gate.
pub(super) struct Gate {
    rbac: Rbac,
    authorizers: Authorizers,
}

impl Gate {
    pub(super) fn new(objects: &Cached, authorizers: Authorizers) -> Self {
        Self { rbac: Rbac::over(objects), authorizers }
    }
}

#[async_trait]
impl Plugin for Gate {
    fn name(&self) -> &'static str {
        "escalation"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let Some(object) = object.filter(|_| request.kind.group == GROUP) else { return Ok(()) };
        if !matches!(request.operation, Operation::Create | Operation::Update) {
            return Ok(());
        }
        if request.old.is_some_and(|old| only_for_garbage_collection(old, object)) {
            return Ok(());
        }
        let user = Arc::new(request.user.clone());
        match request.kind.plural {
            resource @ ("roles" | "clusterroles") => {
                let created = request.operation == Operation::Create;
                let write = RoleWrite {
                    user: &user,
                    resource,
                    namespace: request.namespace,
                    request_name: if created { "" } else { request.name },
                };
                check_role(&self.authorizers, &self.rbac, write, object, request.old).await
            }
            _ => {
                let namespace = request.namespace;
                let checked =
                    check_binding(&self.authorizers, &self.rbac, &user, namespace, object).await;
                // A role that is not there is told as if it were the binding, as upstream does.
                checked.map_err(|error| match object["roleRef"]["name"].as_str() {
                    Some(role) if error.is_not_found() => {
                        ApiError::not_found(&request.kind.group_resource(), role)
                    }
                    _ => error,
                })
            }
        }
    }
}
