//! `hostProbesAndHostLifecycle`: the kubelet asks nobody but the pod itself whether it is well.

use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_parts::text;
use crate::plugins::pod_security::pod::{containers, name, plural, quoted};
use object::Value;
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    id: "hostProbesAndHostLifecycle",
    level: Level::Baseline,
    forms: &[(34, since_34)],
    instead_of: None,
};

fn since_34(pod: Pod<'_>) -> Option<Finding> {
    let (mut bad, mut all) = (BTreeSet::new(), BTreeSet::new());
    for container in pod.containers() {
        for host in hosts(container).filter(|host| !host.is_empty()) {
            bad.insert(name(container));
            all.insert(host);
        }
    }
    let bad: Vec<&str> = bad.into_iter().collect();
    (!bad.is_empty()).then(|| Finding {
        reason: "probe or lifecycle host",
        detail: format!(
            "{} {} {} {}",
            containers(&bad),
            plural("uses", "use", bad.len()),
            plural("probe or lifecycle host", "probe or lifecycle hosts", all.len()),
            quoted(&all)
        ),
    })
}

fn hosts(container: &Value) -> impl Iterator<Item = &str> {
    let probes = ["livenessProbe", "readinessProbe", "startupProbe"];
    let handlers = ["postStart", "preStop"];
    let probes = probes.into_iter().map(|probe| &container[probe]);
    let handlers = handlers.into_iter().map(|handler| &container["lifecycle"][handler]);
    probes
        .chain(handlers)
        .flat_map(|asked| ["httpGet", "tcpSocket"].map(|way| text(&asked[way]["host"])))
}
