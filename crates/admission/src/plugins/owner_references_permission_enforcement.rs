//! `OwnerReferencesPermissionEnforcement`: who names an owner could delete the object, and who
//! makes an owner wait could change what it waits for.
//!
//! Mirrors `plugin/pkg/admission/gc`.

use super::Setup;
use super::pod_parts::{items, text};
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use auth::{Attributes, Decision};
use kinds::Kind;
use object::{GroupVersion, Result, Value};
use std::sync::Arc;

struct OwnerReferencesPermissionEnforcement {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(OwnerReferencesPermissionEnforcement { cluster: setup.cluster.clone() })
}

#[async_trait]
impl Plugin for OwnerReferencesPermissionEnforcement {
    fn name(&self) -> &'static str {
        "OwnerReferencesPermissionEnforcement"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let changes = matches!(request.operation, Operation::Create | Operation::Update);
        let kept = request.is("", "pods") && request.subresource == "status";
        let Some(object) = object.filter(|_| changes && !kept) else { return Ok(()) };
        let owners = |object: &Value| -> Vec<Value> {
            items(&object["metadata"]["ownerReferences"]).cloned().collect()
        };
        let (new, old) = (owners(object), request.old.map(owners).unwrap_or_default());
        if new == old {
            return Ok(());
        }
        let user = Arc::new(request.user.clone());
        if request.operation == Operation::Update {
            let kind = request.kind;
            let asked = Attributes::resource(user.clone(), "delete", kind.group, kind.plural)
                .in_namespace(request.namespace)
                .named(request.name)
                .subresource(request.subresource);
            if let Err(reason) = self.ask(&asked).await {
                let why = "cannot set an ownerRef on a resource you can't delete";
                return Err(request.forbidden(Some(object), format!("{why}: {reason}, <nil>")));
            }
        }
        let finalizers = |group: &str, resource: &str, name: &str| {
            Attributes::resource(user.clone(), "update", group, resource)
                .subresource("finalizers")
                .named(name)
        };
        let blocking = blocking_anew(&new, &old);
        if blocking.is_empty() || self.ask(&finalizers("*", "*", "*")).await.is_ok() {
            return Ok(());
        }
        for owner in blocking {
            let kind = kind_of(owner).map_err(|why| request.forbidden(Some(object), why))?;
            let mut asked = finalizers(kind.group, kind.plural, text(&owner["name"]));
            if kind.namespaced {
                asked = asked.in_namespace(request.namespace);
            }
            if let Err(reason) = self.ask(&asked).await {
                let why = "cannot set blockOwnerDeletion if an ownerReference refers to a resource \
                           you can't set finalizers on";
                return Err(request.forbidden(Some(object), format!("{why}: {reason}, <nil>")));
            }
        }
        Ok(())
    }
}

impl OwnerReferencesPermissionEnforcement {
    /// What the authorizers had to say where they do not allow it.
    async fn ask(&self, asked: &Attributes) -> Result<(), String> {
        match self.cluster.decide(asked).await {
            Decision::Allow(_) => Ok(()),
            Decision::Deny(reason) | Decision::NoOpinion(reason) => Err(reason),
        }
    }
}

/// The owners that are to wait, and were not made to wait before.
fn blocking_anew<'o>(new: &'o [Value], old: &[Value]) -> Vec<&'o Value> {
    let blocks = |owner: &Value| owner["blockOwnerDeletion"] == true;
    let before = |owner: &Value| old.iter().find(|known| known["uid"] == owner["uid"]);
    new.iter().filter(|owner| blocks(owner) && !before(owner).is_some_and(blocks)).collect()
}

fn kind_of(owner: &Value) -> Result<&'static Kind, String> {
    let (version, kind) = (text(&owner["apiVersion"]), text(&owner["kind"]));
    let parsed = GroupVersion::parse(version);
    let found = parsed.and_then(|gv| kinds::find_kind(&gv.group, &gv.version, kind));
    found.ok_or_else(|| {
        format!(
            "cannot set blockOwnerDeletion in this case because cannot find RESTMapping for \
             APIVersion {version} Kind {kind}: no matches for kind {kind:?} in version {version:?}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn an_owner_takes_a_right() {
        let cluster = cluster();
        let case = Case::new(make, &cluster, "", "pods");
        let owner = |kind: &str, blocks: bool| {
            let version = if kind == "Foo" { "x/v1" } else { "apps/v1" };
            json!({"apiVersion": version, "kind": kind, "name": "o", "uid": kind, "blockOwnerDeletion": blocks})
        };
        let pod = |owners: &[Value]| json!({"metadata": {"name": "p", "ownerReferences": owners}});
        let told = |outcome: Result<()>| outcome.err().map(|why| why.message);
        assert_eq!(told(case.create("ns", &mut pod(&[owner("ReplicaSet", false)])).await), None);
        let blocked = pod(&[owner("ReplicaSet", true)]);
        let why = "pods \"p\" is forbidden: cannot set blockOwnerDeletion if an ownerReference \
                   refers to a resource you can't set finalizers on: , <nil>";
        assert_eq!(told(case.create("ns", &mut blocked.clone()).await).as_deref(), Some(why));
        let why = "pods \"p\" is forbidden: cannot set blockOwnerDeletion in this case because \
                   cannot find RESTMapping for APIVersion x/v1 Kind Foo: no matches for kind \
                   \"Foo\" in version \"x/v1\"";
        let strange = case.create("ns", &mut pod(&[owner("Foo", true)])).await;
        assert_eq!(told(strange).as_deref(), Some(why));
        let why = "pods \"p\" is forbidden: cannot set an ownerRef on a resource you can't delete: , <nil>";
        let freed = case.update("ns", "p", &blocked, &mut pod(&[])).await;
        assert_eq!(told(freed).as_deref(), Some(why));
        assert_eq!(told(case.update("ns", "p", &blocked, &mut blocked.clone()).await), None);

        cluster.allow("delete", "pods", "p");
        assert_eq!(told(case.update("ns", "p", &blocked, &mut pod(&[])).await), None);
        cluster.allow("update", "replicasets", "o");
        assert_eq!(told(case.create("ns", &mut blocked.clone()).await), None);
    }
}
