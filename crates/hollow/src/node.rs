//! The node itself: its object, its status, its lease, and the pods that are bound to it.

use crate::pod::{Step, next_step};
use futures::StreamExt;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, ResourceExt};
use runtime::{Shutdown, clock};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

/// Between two renewals of the lease: a kubelet's.
const LEASE_PERIOD: Duration = Duration::from_secs(10);
/// Between two statuses that say that the node is well.
const STATUS_PERIOD: Duration = Duration::from_secs(60);
const LEASE_NAMESPACE: &str = "kube-node-lease";
const LEASE_SECONDS: i32 = 40;

/// What the node says that it has.
#[derive(Clone, Debug)]
pub struct Capacity {
    /// Cores, as a quantity.
    pub cpu: String,
    /// Bytes, as a quantity.
    pub memory: String,
    /// Pods.
    pub pods: u32,
}

impl Default for Capacity {
    fn default() -> Self {
        Self { cpu: "4".into(), memory: "8Gi".into(), pods: 110 }
    }
}

/// A node to be run.
pub struct HollowNode {
    client: Client,
    name: String,
    subnet: u8,
    /// What it has.
    pub capacity: Capacity,
    /// Labels beyond the usual ones.
    pub labels: Vec<(String, String)>,
    addresses: Mutex<HashMap<String, u8>>,
}

impl HollowNode {
    /// A node with the usual capacity.
    pub fn new(client: Client, name: &str, subnet: u8) -> Self {
        Self {
            client,
            name: name.to_owned(),
            subnet,
            capacity: Capacity::default(),
            labels: Vec::new(),
            addresses: Mutex::default(),
        }
    }

    /// Runs it until the shutdown.
    pub async fn run(self, shutdown: Shutdown) {
        tokio::select! {
            () = shutdown.begun() => {}
            () = self.heartbeat() => {}
            () = self.follow_pods() => {}
        }
    }

    async fn heartbeat(&self) {
        let mut status_due = clock::monotonic();
        loop {
            if clock::monotonic() >= status_due {
                match self.register().await {
                    Ok(()) => status_due = clock::monotonic() + STATUS_PERIOD,
                    Err(error) => {
                        tracing::warn!(node = self.name, %error, "not registered");
                        clock::sleep(Duration::from_secs(1)).await;
                        continue;
                    }
                }
            }
            if let Err(error) = self.renew().await {
                tracing::warn!(node = self.name, %error, "the lease was not renewed");
            }
            clock::sleep(LEASE_PERIOD).await;
        }
    }

    async fn register(&self) -> Result<(), kube::Error> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        if nodes.get_opt(&self.name).await?.is_none() {
            let node: Node =
                serde_json::from_value(self.object()).map_err(kube::Error::SerdeError)?;
            nodes.create(&PostParams::default(), &node).await?;
        }
        let patch = Patch::Strategic(json!({"status": self.status()}));
        nodes.patch_status(&self.name, &PatchParams::default(), &patch).await.map(drop)
    }

    fn object(&self) -> Value {
        let mut labels = json!({
            "kubernetes.io/hostname": self.name, "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
            "beta.kubernetes.io/arch": "amd64",
        });
        for (name, value) in &self.labels {
            labels[name] = json!(value);
        }
        json!({"metadata": {"name": self.name, "labels": labels}})
    }

    fn status(&self) -> Value {
        let now = clock::now().to_string();
        let condition = |kind: &str, status: &str, reason: &str, message: &str| {
            json!({"type": kind, "status": status, "reason": reason, "message": message,
                   "lastHeartbeatTime": now})
        };
        let Capacity { cpu, memory, pods } = &self.capacity;
        let resources = json!({"cpu": cpu, "memory": memory, "pods": pods.to_string(),
                               "ephemeral-storage": "50Gi"});
        json!({
            "capacity": resources,
            "allocatable": resources,
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory",
                          "kubelet has sufficient memory available"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure",
                          "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID",
                          "kubelet has sufficient PID available"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "addresses": [{"type": "InternalIP", "address": self.host_address()},
                          {"type": "Hostname", "address": self.name}],
            "nodeInfo": {
                "machineID": self.name, "systemUUID": self.name, "bootID": self.name,
                "kernelVersion": "hollow", "osImage": "hollow", "containerRuntimeVersion":
                "hollow://1", "kubeletVersion": "v1.36.3", "kubeProxyVersion": "",
                "operatingSystem": "linux", "architecture": "amd64",
            },
        })
    }

    async fn renew(&self) -> Result<(), kube::Error> {
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), LEASE_NAMESPACE);
        let now = MicroTime(clock::now());
        if leases.get_opt(&self.name).await?.is_some() {
            let patch = Patch::Merge(json!({"spec": {"renewTime": now}}));
            return leases.patch(&self.name, &PatchParams::default(), &patch).await.map(drop);
        }
        let lease = Lease {
            metadata: ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.name.clone()),
                lease_duration_seconds: Some(LEASE_SECONDS),
                renew_time: Some(now),
                ..LeaseSpec::default()
            }),
        };
        leases.create(&PostParams::default(), &lease).await.map(drop)
    }

    async fn follow_pods(&self) {
        let pods: Api<Pod> = Api::all(self.client.clone());
        let mine = watcher::Config::default().fields(&format!("spec.nodeName={}", self.name));
        let mut events = std::pin::pin!(watcher(pods, mine).default_backoff());
        while let Some(event) = events.next().await {
            match event {
                Ok(watcher::Event::Apply(pod) | watcher::Event::InitApply(pod)) => {
                    if let Err(error) = self.tend(&pod).await {
                        tracing::warn!(node = self.name, pod = pod.name_any(), %error, "not tended");
                    }
                }
                Ok(watcher::Event::Delete(pod)) => self.free_address(&pod),
                Ok(_) => {}
                Err(error) => tracing::warn!(node = self.name, %error, "watching pods failed"),
            }
        }
    }

    async fn tend(&self, pod: &Pod) -> Result<(), kube::Error> {
        let namespace = pod.namespace().unwrap_or_default();
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &namespace);
        let name = pod.name_any();
        let address = self.address_of(pod);
        let done = match next_step(pod, &self.host_address(), &address, clock::now()) {
            Step::Nothing => Ok(()),
            Step::Status(status) => {
                let patch = Patch::Strategic(json!({
                    "metadata": {"uid": pod.metadata.uid}, "status": status}));
                pods.patch_status(&name, &PatchParams::default(), &patch).await.map(drop)
            }
            Step::Finish => {
                let params = DeleteParams {
                    grace_period_seconds: Some(0),
                    preconditions: Some(Preconditions {
                        uid: pod.metadata.uid.clone(),
                        resource_version: None,
                    }),
                    ..DeleteParams::default()
                };
                pods.delete(&name, &params).await.map(drop)
            }
        };
        match done {
            // Gone or replaced meanwhile: there is nothing to tend.
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
            other => other,
        }
    }

    fn host_address(&self) -> String {
        format!("192.168.88.{}", self.subnet)
    }

    fn address_of(&self, pod: &Pod) -> String {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        let last = match addresses.get(&uid) {
            Some(last) => *last,
            None => {
                let is_free = |last: &u8| !addresses.values().any(|taken| taken == last);
                let last = (2..=254).find(is_free).unwrap_or(255);
                addresses.insert(uid, last);
                last
            }
        };
        format!("10.88.{}.{last}", self.subnet)
    }

    fn free_address(&self, pod: &Pod) {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.remove(pod.metadata.uid.as_deref().unwrap_or_default());
    }
}
