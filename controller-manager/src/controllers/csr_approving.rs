//! certificatesigningrequest-approving-controller: approves kubelets' own client certificates, for
//! whoever the API server says may have one.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/certificates/approver`.

use super::csr::{Asked, KUBELET_CLIENT, has, is_issued, usages};
use crate::context::Context;
use control::{Action, Informer, Key, Outcome, Queue, SyncError, execute, run_workers};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest, CertificateSigningRequestCondition,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::PostParams;
use kube::{Api, Client};
use runtime::clock;

const WORKERS: usize = 5;

/// The right that is asked about, and what the approval says.
const RECOGNIZED: [(&str, &str); 2] = [
    ("selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview."),
    ("nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview."),
];

/// Starts it.
pub(crate) fn start(context: &Context) {
    let requests = context.informers.of::<CertificateSigningRequest>();
    let queue = Queue::named("certificate");
    let add = queue.clone();
    requests.on_change(move |change| add.add(Key::of(&**change.object())));
    let client = context.client();
    let name = "certificatesigningrequest-approving-controller";
    run_workers(name, WORKERS, queue, &context.shutdown, move |key: Key| {
        let (client, requests) = (client.clone(), requests.clone());
        async move { sync(&client, &requests, &key).await }
    });
}

async fn sync(
    client: &Client,
    requests: &Informer<CertificateSigningRequest>,
    key: &Key,
) -> Result<Outcome, SyncError> {
    let Some(request) = requests.get(key) else { return Ok(Outcome::Done) };
    if is_issued(&request) || has(&request, "Approved") || has(&request, "Denied") {
        return Ok(Outcome::Done);
    }
    let asked = Asked::read(&request.spec.request.0).map_err(|error| {
        SyncError::Other(format!("unable to parse csr {:?}: {error}", key.name))
    })?;
    if request.spec.signer_name != KUBELET_CLIENT
        || asked.check_kubelet_client(&usages(&request)).is_err()
    {
        return Ok(Outcome::Done);
    }
    let is_self = request.spec.username.as_deref() == Some(&asked.common_name);
    for (right, message) in
        RECOGNIZED.iter().filter(|(right, _)| is_self || *right != "selfnodeclient")
    {
        if is_allowed(client, &request, right).await? {
            execute(client, &approval(&request, message)).await?;
            return Ok(Outcome::Done);
        }
    }
    Ok(Outcome::Done)
}

async fn is_allowed(
    client: &Client,
    request: &CertificateSigningRequest,
    right: &str,
) -> Result<bool, SyncError> {
    let spec = &request.spec;
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: spec.username.clone(),
            uid: spec.uid.clone(),
            groups: spec.groups.clone(),
            extra: spec.extra.clone(),
            resource_attributes: Some(ResourceAttributes {
                group: Some("certificates.k8s.io".into()),
                resource: Some("certificatesigningrequests".into()),
                verb: Some("create".into()),
                subresource: Some(right.into()),
                version: Some("*".into()),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let api: Api<SubjectAccessReview> = Api::all(client.clone());
    let answer = api.create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

fn approval(request: &CertificateSigningRequest, message: &str) -> Action {
    let mut approved = request.clone();
    let now = Time(clock::now());
    approved.status.get_or_insert_default().conditions.get_or_insert_default().push(
        CertificateSigningRequestCondition {
            type_: "Approved".into(),
            status: "True".into(),
            reason: Some("AutoApproved".into()),
            message: Some(message.into()),
            last_update_time: Some(now.clone()),
            last_transition_time: Some(now),
        },
    );
    match Action::update(&approved) {
        Action::Update { path, body } => Action::Update { path: format!("{path}/approval"), body },
        other => other,
    }
}
