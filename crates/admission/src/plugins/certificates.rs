//! `CertificateApproval`, `CertificateSigning`, `ClusterTrustBundleAttest` and
//! `CertificateSubjectRestriction`: who may have a signer sign, who may sign for it, who may say
//! whom it trusts, and what nobody gets signed.
//!
//! Mirrors `plugin/pkg/admission/certificates`.

use super::Setup;
use super::pod_parts::text;
use super::signing_request::Subject;
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use auth::Attributes;
use object::{Result, Value, meta};
use std::sync::Arc;

const GROUP: &str = "certificates.k8s.io";
const RESOURCE: &str = "certificatesigningrequests";
const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client";

/// Checks that who writes a part of a request has a right on its signer.
struct SignerRight {
    name: &'static str,
    part: &'static str,
    verb: &'static str,
    cluster: Arc<dyn Cluster>,
}

struct Attest {
    cluster: Arc<dyn Cluster>,
}

struct SubjectRestriction;

pub(super) fn approval(setup: &Setup) -> Box<dyn Plugin> {
    let cluster = setup.cluster.clone();
    let (name, part, verb) = ("CertificateApproval", "approval", "approve");
    Box::new(SignerRight { name, part, verb, cluster })
}

pub(super) fn signing(setup: &Setup) -> Box<dyn Plugin> {
    let cluster = setup.cluster.clone();
    let (name, part, verb) = ("CertificateSigning", "status", "sign");
    Box::new(SignerRight { name, part, verb, cluster })
}

pub(super) fn attest(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(Attest { cluster: setup.cluster.clone() })
}

pub(super) fn subject_restriction(_setup: &Setup) -> Box<dyn Plugin> {
    Box::new(SubjectRestriction)
}

#[async_trait]
impl Plugin for SignerRight {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let concerns = request.is(GROUP, RESOURCE)
            && request.subresource == self.part
            && request.operation == Operation::Update;
        let (Some(object), Some(old), true) = (object, request.old, concerns) else {
            return Ok(());
        };
        let same = |field: &str| object["status"][field] == old["status"][field];
        if self.part == "status" && same("certificate") && same("conditions") {
            return Ok(());
        }
        let signer = text(&old["spec"]["signerName"]);
        if may(&*self.cluster, request, self.verb, signer).await {
            return Ok(());
        }
        let verb = self.verb;
        let why = format!("user not permitted to {verb} requests with signerName {signer:?}");
        Err(request.forbidden(Some(object), why))
    }
}

#[async_trait]
impl Plugin for Attest {
    fn name(&self) -> &'static str {
        "ClusterTrustBundleAttest"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let changes = matches!(request.operation, Operation::Create | Operation::Update);
        let concerns = request.is(GROUP, "clustertrustbundles") && changes;
        let Some(bundle) = object.filter(|_| concerns) else { return Ok(()) };
        let signer = text(&bundle["spec"]["signerName"]);
        let same = request.old.is_some_and(|old| without_owners(old) == without_owners(bundle));
        if signer.is_empty() || same || may(&*self.cluster, request, "attest", signer).await {
            return Ok(());
        }
        let why = format!("user not permitted to attest for signerName {signer:?}");
        Err(request.forbidden(object, why))
    }
}

/// An object without what garbage collection changes in it.
fn without_owners(object: &Value) -> Value {
    let mut object = object.clone();
    for field in ["ownerReferences", "finalizers", "managedFields"] {
        meta::of(&mut object).remove(field);
    }
    object
}

/// Whether the user has a right on this signer, or on all of its domain.
async fn may(cluster: &dyn Cluster, request: &Request<'_>, verb: &str, signer: &str) -> bool {
    let user = Arc::new(request.user.clone());
    let domain = signer.split_once('/').map_or(signer, |(domain, _)| domain);
    for name in [signer.to_owned(), format!("{domain}/*")] {
        let asked = Attributes::resource(user.clone(), verb, GROUP, "signers").named(&name);
        if cluster.decide(&asked).await.is_allow() {
            return true;
        }
    }
    false
}

#[async_trait]
impl Plugin for SubjectRestriction {
    fn name(&self) -> &'static str {
        "CertificateSubjectRestriction"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let concerns = request.is_whole(GROUP, RESOURCE) && request.operation == Operation::Create;
        let Some(object) = object.filter(|_| concerns) else { return Ok(()) };
        if object["spec"]["signerName"] != CLIENT_SIGNER {
            return Ok(());
        }
        let subject = Subject::of_request(&object["spec"]["request"]).map_err(|why| {
            request.forbidden(Some(object), format!("failed to parse CSR: {why}"))
        })?;
        if subject.organizations.iter().any(|name| name == "system:masters") {
            let why =
                format!("use of {CLIENT_SIGNER} signer with system:masters group is not allowed");
            return Err(request.forbidden(Some(object), why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn a_signer_is_guarded_by_name_or_domain() {
        let cluster = cluster();
        let case = Case::new(approval, &cluster, GROUP, RESOURCE).part("approval");
        let old = json!({"metadata": {"name": "r"}, "spec": {"signerName": "example.com/web"}});
        let why = case.update("", "r", &old, &mut old.clone()).await.expect_err("a refusal");
        assert_eq!(
            why.to_string(),
            "certificatesigningrequests.certificates.k8s.io \"r\" is forbidden: user not permitted to \
             approve requests with signerName \"example.com/web\""
        );
        cluster.allow("approve", "signers", "example.com/*");
        assert!(case.update("", "r", &old, &mut old.clone()).await.is_ok());
    }

    #[tokio::test]
    async fn whom_a_signer_trusts_is_said_by_who_may() {
        let cluster = cluster();
        let case = Case::new(attest, &cluster, GROUP, "clustertrustbundles");
        let bundle = |signer: &str, trusted: &str| {
            let spec = json!({"signerName": signer, "trustBundle": trusted});
            json!({"metadata": {"name": "b"}, "spec": spec})
        };
        let old = bundle("example.com/web", "one");
        let why = case.create("", &mut old.clone()).await.expect_err("a refusal");
        assert_eq!(
            why.to_string(),
            "clustertrustbundles.certificates.k8s.io \"b\" is forbidden: user not permitted to \
             attest for signerName \"example.com/web\""
        );
        assert!(case.create("", &mut bundle("", "one")).await.is_ok());
        let mut held = old.clone();
        held["metadata"]["finalizers"] = json!(["a/b"]);
        assert!(case.update("", "b", &old, &mut held).await.is_ok());
        let mut other = bundle("example.com/web", "two");
        assert!(case.update("", "b", &old, &mut other).await.is_err());
        cluster.allow("attest", "signers", "example.com/web");
        assert!(case.update("", "b", &old, &mut other).await.is_ok());
    }

    #[tokio::test]
    async fn nobody_is_signed_into_the_masters() {
        let case = Case::new(subject_restriction, &cluster(), GROUP, RESOURCE);
        for (group, allowed) in [("devs", true), ("system:masters", false)] {
            let csr = super::super::signing_request::tests::request("someone", &[group]);
            let mut object = json!({"spec": {"signerName": CLIENT_SIGNER, "request": csr}});
            assert_eq!(case.create("", &mut object).await.is_ok(), allowed, "{group}");
        }
    }
}
