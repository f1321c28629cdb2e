//! `ServiceAccount`: each pod runs as a service account that there is, and finds its token.
//!
//! Mirrors `plugin/pkg/admission/serviceaccount`; where the server signs no tokens, as it was up to
//! 1.20 (`BoundServiceAccountTokenVolume` off): the token lies in a Secret of the account's.

mod mount;

use self::mount::{Source, mount};
use super::Setup;
use super::pod_parts::{containers, is_mirror, items, names_a_secret, text};
use crate::limits::{ACCOUNT_PAUSE, DEFAULT_ACCOUNT_ATTEMPTS};
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{ApiError, GroupResource, Result, Value, json, meta};
use std::collections::BTreeSet;
use std::sync::Arc;

const ENFORCE_SECRETS: &str = "kubernetes.io/enforce-mountable-secrets";
const TOKEN_SECRET: &str = "kubernetes.io/service-account-token";
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";

struct ServiceAccount {
    cluster: Arc<dyn Cluster>,
    bound_tokens: bool,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(ServiceAccount { cluster: setup.cluster.clone(), bound_tokens: setup.bound_tokens })
}

#[async_trait]
impl Plugin for ServiceAccount {
    fn name(&self) -> &'static str {
        "ServiceAccount"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let Some(pod) = object else { return Ok(()) };
        if !request.is_whole("", "pods") || request.operation != Operation::Create {
            return Ok(());
        }
        if is_mirror(pod) {
            return mirror(request, pod);
        }
        if text(&pod["spec"]["serviceAccountName"]).is_empty() {
            pod["spec"]["serviceAccountName"] = "default".into();
            pod["spec"]["serviceAccount"] = "default".into();
        }
        let account = self.account(request, pod).await?;
        if is_mounted(&account, pod) {
            mount(pod, &self.source(&account).await?);
        }
        if items(&pod["spec"]["imagePullSecrets"]).next().is_none() {
            let secrets: Vec<Value> = items(&account["imagePullSecrets"])
                .map(|secret| json!({"name": text(&secret["name"])}))
                .collect();
            if !secrets.is_empty() {
                pod["spec"]["imagePullSecrets"] = secrets.into();
            }
        }
        only_its_secrets(request, &account, pod)
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let Some(pod) = object.filter(|_| request.is("", "pods")) else { return Ok(()) };
        match (request.operation, request.subresource) {
            (Operation::Create, "") if is_mirror(pod) => mirror(request, pod),
            (Operation::Create, "") => {
                let account = self.account(request, pod).await?;
                only_its_secrets(request, &account, pod)
            }
            (Operation::Update, "ephemeralcontainers") => {
                let account = self.account(request, pod).await?;
                if !enforces(&account) {
                    return Ok(());
                }
                let allowed = names(&account["secrets"]);
                let extra = items(&pod["spec"]["ephemeralContainers"]);
                for container in extra {
                    of_container(
                        request,
                        pod,
                        &account,
                        "ephemeral container",
                        container,
                        &allowed,
                    )?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl ServiceAccount {
    /// The account of a pod. A namespace's first account may be about to be made.
    async fn account(&self, request: &Request<'_>, pod: &Value) -> Result<Arc<Value>> {
        let (namespace, name) = (request.namespace, text(&pod["spec"]["serviceAccountName"]));
        if name.is_empty() {
            let pod_name = meta::name(pod);
            let why = format!("no service account specified for pod {namespace}/{pod_name}");
            return Err(request.forbidden(Some(pod), why));
        }
        let resource = GroupResource::new("", "serviceaccounts");
        if let Some(account) = self.cluster.get(&resource, namespace, name) {
            return Ok(account);
        }
        let attempts = if name == "default" { DEFAULT_ACCOUNT_ATTEMPTS } else { 1 };
        for attempt in 0..attempts {
            if attempt > 0 {
                let pause = runtime::entropy::jitter(ACCOUNT_PAUSE, 1.0);
                runtime::clock::sleep(pause).await;
            }
            if let Some(account) = self.cluster.newest(&resource, namespace, name).await? {
                return Ok(account);
            }
        }
        Err(request.forbidden(
            Some(pod),
            format!(
                "error looking up service account {namespace}/{name}: serviceaccount {name:?} not found"
            ),
        ))
    }

    /// Where a container finds the token of this account.
    async fn source(&self, account: &Value) -> Result<Source> {
        if self.bound_tokens {
            return Ok(Source::Bound);
        }
        if let Some(secret) = self.token_secret(account).await? {
            return Ok(Source::Secret(secret));
        }
        // What the cache has may be of before the token was made.
        let resource = GroupResource::new("", "serviceaccounts");
        let (namespace, name) = (meta::namespace(account), meta::name(account));
        if let Some(newest) = self.cluster.newest(&resource, namespace, name).await?
            && let Some(secret) = self.token_secret(&newest).await?
        {
            return Ok(Source::Secret(secret));
        }
        let mut error = ApiError::server_timeout(&resource, "create pod", 1);
        error.message = format!(
            "No API token found for service account {name:?}, retry after the token is \
             automatically created and added to the service account"
        );
        Err(error)
    }

    /// The first Secret that the account names and that has its token.
    async fn token_secret(&self, account: &Value) -> Result<Option<String>> {
        let resource = GroupResource::new("", "secrets");
        let namespace = meta::namespace(account);
        for name in items(&account["secrets"]).map(|secret| text(&secret["name"])) {
            let secret = match self.cluster.get(&resource, namespace, name) {
                Some(secret) => Some(secret),
                None => self.cluster.newest(&resource, namespace, name).await?,
            };
            if secret.is_some_and(|secret| has_token_of(&secret, account)) {
                return Ok(Some(name.to_owned()));
            }
        }
        Ok(None)
    }
}

fn has_token_of(secret: &Value, account: &Value) -> bool {
    text(&secret["type"]) == TOKEN_SECRET
        && meta::annotation(secret, ACCOUNT_NAME) == Some(meta::name(account))
        && meta::annotation(secret, ACCOUNT_UID) == Some(meta::uid(account))
}

/// What a kubelet's own pods can't have.
fn mirror(request: &Request<'_>, pod: &Value) -> Result<()> {
    let refuse = |why: &str| Err(request.forbidden(Some(pod), why));
    if !text(&pod["spec"]["serviceAccountName"]).is_empty() {
        return refuse("a mirror pod may not reference service accounts");
    }
    if names_a_secret(&pod["spec"]) {
        return refuse("a mirror pod may not reference secrets");
    }
    let projected = items(&pod["spec"]["volumes"]).flat_map(|v| items(&v["projected"]["sources"]));
    if projected.into_iter().any(|source| source["serviceAccountToken"].is_object()) {
        return refuse("a mirror pod may not use ServiceAccountToken volume projections");
    }
    Ok(())
}

fn is_mounted(account: &Value, pod: &Value) -> bool {
    let said = |value: &Value| value["automountServiceAccountToken"].as_bool();
    said(&pod["spec"]).or_else(|| said(account)).unwrap_or(true)
}

fn enforces(account: &Value) -> bool {
    let said = meta::annotation(account, ENFORCE_SECRETS);
    said.is_some_and(|text| matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True"))
}

fn names(list: &Value) -> BTreeSet<&str> {
    items(list).map(|item| text(&item["name"])).collect()
}

/// A pod uses only the secrets of its account, where the account insists on that.
fn only_its_secrets(request: &Request<'_>, account: &Value, pod: &Value) -> Result<()> {
    if !enforces(account) {
        return Ok(());
    }
    let (allowed, owner) = (names(&account["secrets"]), meta::name(account));
    for volume in items(&pod["spec"]["volumes"]).filter(|v| v["secret"].is_object()) {
        let secret = text(&volume["secret"]["secretName"]);
        if !allowed.contains(secret) {
            let why = format!(
                "volume with secret.secretName=\"{secret}\" is not allowed because service account \
                 {owner} does not reference that secret"
            );
            return Err(request.forbidden(Some(pod), why));
        }
    }
    for (list, container) in containers(pod) {
        let what = match list {
            "initContainers" => "init container",
            "containers" => "container",
            _ => continue,
        };
        of_container(request, pod, account, what, container, &allowed)?;
    }
    let pulls = names(&account["imagePullSecrets"]);
    for (index, secret) in items(&pod["spec"]["imagePullSecrets"]).enumerate() {
        let name = text(&secret["name"]);
        if !pulls.contains(name) {
            let why = format!(
                "imagePullSecrets[{index}].name=\"{name}\" is not allowed because service account \
                 {owner} does not reference that imagePullSecret"
            );
            return Err(request.forbidden(Some(pod), why));
        }
    }
    Ok(())
}

fn of_container(
    request: &Request<'_>,
    pod: &Value,
    account: &Value,
    what: &str,
    container: &Value,
    allowed: &BTreeSet<&str>,
) -> Result<()> {
    let (name, owner) = (text(&container["name"]), meta::name(account));
    let refuse = |how: String, secret: &str| {
        let why = format!(
            "{what} {name} with {how} referencing secret.secretName=\"{secret}\" is not allowed \
             because service account {owner} does not reference that secret"
        );
        Err(request.forbidden(Some(pod), why))
    };
    for variable in items(&container["env"]) {
        let secret = &variable["valueFrom"]["secretKeyRef"];
        if secret.is_object() && !allowed.contains(text(&secret["name"])) {
            return refuse(format!("envVar {}", text(&variable["name"])), text(&secret["name"]));
        }
    }
    for source in items(&container["envFrom"]).map(|from| &from["secretRef"]) {
        if source.is_object() && !allowed.contains(text(&source["name"])) {
            return refuse("envFrom".to_owned(), text(&source["name"]));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::mount::{MOUNT_PATH, VOLUME_PREFIX};
    use super::*;
    use crate::plugins::tests::{Case, cluster, setup};

    #[tokio::test]
    async fn a_pod_gets_its_account_and_its_token() {
        let cluster = cluster();
        cluster.put(
            "",
            "serviceaccounts",
            json!({"metadata": {"name": "default", "namespace": "ns"},
            "imagePullSecrets": [{"name": "pull"}]}),
        );
        let case = Case::new(make, &cluster, "", "pods");
        let mut pod = json!({"metadata": {"name": "web"}, "spec": {"initContainers": [{"name": "i"}],
            "containers": [{"name": "c", "volumeMounts": [{"name": "x", "mountPath": MOUNT_PATH}]}]}});
        case.create("ns", &mut pod).await.expect("admitted");
        let spec = &pod["spec"];
        assert_eq!(
            (&spec["serviceAccountName"], &spec["serviceAccount"]),
            (&json!("default"), &json!("default"))
        );
        assert_eq!(spec["imagePullSecrets"], json!([{"name": "pull"}]));
        let volume = text(&spec["volumes"][0]["name"]);
        assert_eq!(volume.len(), VOLUME_PREFIX.len() + 5);
        assert_eq!(spec["initContainers"][0]["volumeMounts"][0]["name"], volume);
        assert_eq!(items(&spec["containers"][0]["volumeMounts"]).count(), 1, "the place was taken");
        let sources = &spec["volumes"][0]["projected"]["sources"];
        assert_eq!(sources[0]["serviceAccountToken"]["expirationSeconds"], 3607);
    }

    /// A server that signs no tokens, and an account with these Secrets.
    fn unbound(secrets: Value) -> Case {
        let cluster = cluster();
        let metadata = json!({"name": "web", "namespace": "ns", "uid": "u1"});
        let account = json!({"metadata": metadata, "secrets": secrets});
        cluster.put("", "serviceaccounts", account);
        for (name, kind, uid) in [
            ("web-dockercfg", "kubernetes.io/dockercfg", "u1"),
            ("web-token-older", TOKEN_SECRET, "u0"),
            ("web-token-newer", TOKEN_SECRET, "u1"),
        ] {
            let annotations = json!({ACCOUNT_NAME: "web", ACCOUNT_UID: uid});
            let metadata = json!({"name": name, "namespace": "ns", "annotations": annotations});
            cluster.put("", "secrets", json!({"metadata": metadata, "type": kind}));
        }
        let setup = Setup { bound_tokens: false, ..setup(&cluster) };
        Case::made(make(&setup), "", "pods")
    }

    #[tokio::test]
    async fn a_server_that_signs_no_tokens_mounts_the_accounts_secret() {
        let names = ["absent", "web-dockercfg", "web-token-older", "web-token-newer"];
        let case = unbound(names.map(|name| json!({"name": name})).to_vec().into());
        let mut pod = json!({"spec": {"serviceAccountName": "web", "containers": [{"name": "c"}]}});
        case.create("ns", &mut pod).await.expect("admitted");
        let expected = json!([{"name": "web-token-newer", "secret": {
            "secretName": "web-token-newer", "defaultMode": 0o644}}]);
        assert_eq!(pod["spec"]["volumes"], expected);
        let mounted = &pod["spec"]["containers"][0]["volumeMounts"];
        let expected =
            json!([{"name": "web-token-newer", "readOnly": true, "mountPath": MOUNT_PATH}]);
        assert_eq!(*mounted, expected);
    }

    #[tokio::test]
    async fn a_pod_comes_again_once_its_account_has_a_token() {
        let case = unbound(json!([{"name": "web-token-older"}]));
        let mut pod = json!({"spec": {"serviceAccountName": "web", "containers": [{"name": "c"}]}});
        let error = case.create("ns", &mut pod).await.expect_err("a refusal");
        assert_eq!(
            error.to_string(),
            "No API token found for service account \"web\", retry after the token is automatically \
             created and added to the service account"
        );
        let details = error.details.expect("details");
        assert_eq!((error.code, details.retry_after_seconds), (500, 1));
        let mut without = json!({"spec": {"serviceAccountName": "web",
            "automountServiceAccountToken": false, "containers": [{"name": "c"}]}});
        case.create("ns", &mut without).await.expect("a pod that wants none is admitted");
    }

    #[tokio::test]
    async fn a_pod_may_do_without_a_token() {
        let cluster = cluster();
        cluster.put(
            "",
            "serviceaccounts",
            json!({"metadata": {"name": "quiet", "namespace": "ns"},
            "automountServiceAccountToken": false}),
        );
        let case = Case::new(make, &cluster, "", "pods");
        let mut pod =
            json!({"spec": {"serviceAccountName": "quiet", "containers": [{"name": "c"}]}});
        case.create("ns", &mut pod).await.expect("admitted");
        assert_eq!(pod["spec"].get("volumes"), None);
    }

    #[tokio::test]
    async fn what_can_t_be_is_refused_in_upstreams_words() {
        let cluster = cluster();
        cluster.put(
            "",
            "serviceaccounts",
            json!({"metadata": {"name": "strict", "namespace": "ns",
            "annotations": {ENFORCE_SECRETS: "true"}}, "secrets": [{"name": "own"}]}),
        );
        let case = Case::new(make, &cluster, "", "pods");
        let why = |mut pod: Value| {
            let case = &case;
            async move { case.create("ns", &mut pod).await.expect_err("a refusal").to_string() }
        };
        let missing = json!({"metadata": {"name": "web"}, "spec": {"serviceAccountName": "none"}});
        assert_eq!(
            why(missing).await,
            "pods \"web\" is forbidden: error looking up service account ns/none: serviceaccount \
             \"none\" not found"
        );
        let foreign = json!({"metadata": {"generateName": "web-"}, "spec": {"serviceAccountName": "strict",
            "volumes": [{"name": "v", "secret": {"secretName": "other"}}]}});
        assert_eq!(
            why(foreign).await,
            "pods \"web-\" is forbidden: volume with secret.secretName=\"other\" is not allowed because \
             service account strict does not reference that secret"
        );
        let mirror = json!({"metadata": {"name": "m", "annotations": {"kubernetes.io/config.mirror": "x"}},
            "spec": {"serviceAccountName": "strict"}});
        assert!(why(mirror).await.ends_with("a mirror pod may not reference service accounts"));
    }
}
