//! service-cidr-controller: a ServiceCIDR stays as long as Services have addresses out of it.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/servicecidrs`. The addresses themselves are given
//! out and repaired by the API server.

use crate::Subnet;
use crate::context::Context;
use control::{
    Action, Change, EventType, Informer, Key, Outcome, Queue, Recorder, SyncError, execute,
    run_workers,
};
use k8s_openapi::api::networking::v1::{IPAddress, ServiceCIDR};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::Client;
use runtime::clock;
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

const FINALIZER: &str = "networking.k8s.io/service-cidr-finalizer";
const MANAGER: &str = "service-cidr-controller";
const MANAGED_BY: (&str, &str) = ("ipaddress.kubernetes.io/managed-by", "ipallocator.k8s.io");
const WORKERS: usize = 5;

/// How long the API servers may take to see that a range is going, and to give nothing out of it.
const GRACE: SignedDuration = SignedDuration::from_secs(10);

const BLOCKED: &str = "There are still IPAddresses referencing the ServiceCIDR, please remove them \
                       or create a new ServiceCIDR";

struct Controller {
    client: Client,
    ranges: Arc<Informer<ServiceCIDR>>,
    addresses: Arc<Informer<IPAddress>>,
    recorder: Recorder,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        ranges: context.informers.of::<ServiceCIDR>(),
        addresses: context.informers.of::<IPAddress>(),
        recorder: context.recorder_as(MANAGER),
    });
    let queue = Queue::named("ipaddresses");
    watch(&controller, &queue);
    run_workers(MANAGER, WORKERS, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.ranges.synced().await;
            controller.addresses.synced().await;
            controller.sync(key).await
        }
    });
}

fn watch(controller: &Arc<Controller>, queue: &Queue<Key>) {
    let (add, own) = (queue.clone(), controller.clone());
    controller.ranges.on_change(move |change| {
        let range = change.object();
        add.add(Key::of(&**range));
        if matches!(change, Change::Added(_)) {
            // A new range may free one that is going.
            let subnets = subnets(range);
            for other in own.ranges.list() {
                let meets = |subnet: &Subnet| subnets.iter().any(|new| new.overlaps(subnet));
                if self::subnets(&other).iter().any(meets) {
                    add.add(Key::of(&*other));
                }
            }
        }
    });
    let (add, own) = (queue.clone(), controller.clone());
    controller.addresses.on_change(move |change| {
        if matches!(change, Change::Updated(..)) {
            return;
        }
        let Some(address) = given(change.object()) else { return };
        for range in own.ranges.list() {
            if can_give(&range, address) {
                add.add(Key::of(&*range));
            }
        }
    });
}

/// The address that an object stands for, where the API server gave it out.
fn given(object: &IPAddress) -> Option<IpAddr> {
    let (name, value) = MANAGED_BY;
    let managed = object.metadata.labels.as_ref().and_then(|labels| labels.get(name));
    managed.filter(|by| *by == value)?;
    object.metadata.name.as_ref()?.parse().ok()
}

fn subnets(range: &ServiceCIDR) -> Vec<Subnet> {
    let texts = range.spec.iter().flat_map(|spec| spec.cidrs.iter().flatten());
    texts.filter_map(|text| Subnet::parse(text)).collect()
}

fn can_give(range: &ServiceCIDR, address: IpAddr) -> bool {
    subnets(range).iter().any(|subnet| subnet.can_give(address))
}

/// What to do with one range.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It is in use as any other.
    Ready,
    /// It is to go, and addresses hold it.
    Blocked,
    /// It is to go, and may after this time.
    Going(Duration),
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(range) = self.ranges.get(&key) else { return Ok(Outcome::Done) };
        let addresses = self.addresses.list();
        match verdict(&range, &self.ranges.list(), &addresses, clock::now()) {
            Verdict::Going(left) if !left.is_zero() => return Ok(Outcome::Again(left)),
            Verdict::Going(_) => self.finalizer(&range, false).await?,
            Verdict::Blocked => self.say(&range, "False", "Terminating", BLOCKED).await?,
            Verdict::Ready => {
                self.finalizer(&range, true).await?;
                let said = self.say(&range, "True", "", "Kubernetes Service CIDR is ready").await;
                if let Err(error) = said {
                    let message = "The ServiceCIDR Status can not be set to Ready=True";
                    let reason = "KubernetesServiceCIDRError";
                    self.recorder.tell(&*range, EventType::Warning, reason, message);
                    return Err(error);
                }
            }
        }
        Ok(Outcome::Done)
    }

    /// Sets the finalizer, or takes it away.
    async fn finalizer(&self, range: &ServiceCIDR, wanted: bool) -> Result<(), SyncError> {
        let known = range.metadata.finalizers.iter().flatten().any(|name| name == FINALIZER);
        if known == wanted {
            return Ok(());
        }
        let field = if wanted { "finalizers" } else { "$deleteFromPrimitiveList/finalizers" };
        let body = json!({"metadata": {field: [FINALIZER]}});
        match execute(&self.client, &Action::patch_strategic(range, body)).await {
            Err(error) if client::is_not_found(&error) => Ok(()),
            other => Ok(other.map(drop)?),
        }
    }

    async fn say(
        &self,
        range: &ServiceCIDR,
        status: &str,
        reason: &str,
        message: &str,
    ) -> Result<(), SyncError> {
        let conditions = range.status.as_ref().and_then(|status| status.conditions.as_ref());
        let is_said = conditions.into_iter().flatten().any(|known| {
            known.type_ == "Ready"
                && known.status == status
                && known.reason == reason
                && known.message == message
        });
        if is_said {
            return Ok(());
        }
        let name = range.metadata.name.as_deref().unwrap_or_default();
        let apply = Action::Apply {
            path: format!("/apis/networking.k8s.io/v1/servicecidrs/{name}/status"),
            manager: MANAGER,
            body: json!({
                "apiVersion": "networking.k8s.io/v1",
                "kind": "ServiceCIDR",
                "metadata": {"name": name},
                "status": {"conditions": [{"type": "Ready", "status": status, "reason": reason,
                    "message": message, "lastTransitionTime": clock::now().to_string()}]},
            }),
        };
        execute(&self.client, &apply).await?;
        Ok(())
    }
}

fn verdict(
    range: &ServiceCIDR,
    ranges: &[Arc<ServiceCIDR>],
    addresses: &[Arc<IPAddress>],
    now: Timestamp,
) -> Verdict {
    let Some(since) = &range.metadata.deletion_timestamp else { return Verdict::Ready };
    if !may_go(range, ranges, addresses) {
        return Verdict::Blocked;
    }
    Verdict::Going(Duration::try_from(GRACE - now.duration_since(since.0)).unwrap_or_default())
}

/// Whether no address is without a range when this one is gone.
fn may_go(range: &ServiceCIDR, ranges: &[Arc<ServiceCIDR>], addresses: &[Arc<IPAddress>]) -> bool {
    let others: Vec<Subnet> = ranges
        .iter()
        .filter(|other| other.metadata.name != range.metadata.name)
        .flat_map(|other| subnets(other))
        .collect();
    let own = subnets(range);
    let is_covered = |subnet: &Subnet| others.iter().any(|other| other.contains(subnet));
    if own.iter().all(is_covered) {
        return true;
    }
    addresses.iter().filter_map(|address| given(address)).all(|address| {
        !own.iter().any(|subnet| subnet.can_give(address))
            || others.iter().any(|other| other.can_give(address))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(name: &str, cidrs: &[&str], deleted: Option<&str>) -> Arc<ServiceCIDR> {
        let value = json!({"metadata": {"name": name, "deletionTimestamp": deleted},
            "spec": {"cidrs": cidrs}});
        Arc::new(serde_json::from_value(value).expect("a range"))
    }

    fn address(name: &str, by: &str) -> Arc<IPAddress> {
        let value = json!({"metadata": {"name": name, "labels": {MANAGED_BY.0: by}}});
        Arc::new(serde_json::from_value(value).expect("an address"))
    }

    #[test]
    fn a_range_goes_when_no_address_is_left_alone() {
        let now: Timestamp = "2026-01-01T00:00:20Z".parse().expect("a time");
        let going = |cidrs: &[&str]| range("going", cidrs, Some("2026-01-01T00:00:14Z"));
        let four = Verdict::Going(Duration::from_secs(4));
        let ours = MANAGED_BY.1;
        let table = [
            (going(&["10.0.0.0/24"]), vec![], vec![], four),
            (going(&["10.0.0.0/24"]), vec![], vec![address("10.0.0.9", ours)], Verdict::Blocked),
            // Somebody else's address, the net's own, and one of elsewhere hold nothing.
            (
                going(&["10.0.0.0/24"]),
                vec![],
                vec![
                    address("10.0.0.9", "me"),
                    address("10.0.0.255", ours),
                    address("10.0.1.1", ours),
                ],
                Verdict::Going(Duration::from_secs(4)),
            ),
            // A larger range has them all.
            (
                going(&["10.0.0.0/24"]),
                vec![range("large", &["10.0.0.0/16"], None)],
                vec![address("10.0.0.9", ours)],
                Verdict::Going(Duration::from_secs(4)),
            ),
            // A smaller one has this one, and not that one.
            (
                going(&["10.0.0.0/24"]),
                vec![range("small", &["10.0.0.0/28"], None)],
                vec![address("10.0.0.9", ours)],
                Verdict::Going(Duration::from_secs(4)),
            ),
            (
                going(&["10.0.0.0/24"]),
                vec![range("small", &["10.0.0.0/28"], None)],
                vec![address("10.0.0.15", ours)],
                Verdict::Blocked,
            ),
            // Of two families, one is held.
            (
                going(&["10.0.0.0/24", "fd00::/112"]),
                vec![range("four", &["10.0.0.0/24"], None)],
                vec![address("fd00::9", ours)],
                Verdict::Blocked,
            ),
            (range("kept", &["10.0.0.0/24"], None), vec![], vec![], Verdict::Ready),
        ];
        for (range, mut ranges, addresses, expected) in table {
            ranges.push(range.clone());
            assert_eq!(verdict(&range, &ranges, &addresses, now), expected);
        }
    }
}
