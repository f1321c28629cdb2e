//! Values that are refused, in upstream's words: `Validate` of
//! `k8s.io/kubernetes/cmd/kube-controller-manager/app/options`. What upstream would do and this
//! program can't is refused by its flag.

use runtime::flags::Parsed;
use std::time::Duration;

/// Workers of which there has to be one at least.
const POSITIVE: [&str; 6] = [
    "concurrent-cron-job-syncs",
    "concurrent-daemonset-syncs",
    "concurrent-ephemeralvolume-syncs",
    "concurrent-horizontal-pod-autoscaler-syncs",
    "concurrent-job-syncs",
    "concurrent-statefulset-syncs",
];

/// Numbers with a highest value; the lowest is 1.
const BOUNDED: [(&str, i64); 4] = [
    ("concurrent-service-endpoint-syncs", 50),
    ("max-endpoints-per-slice", 1000),
    ("mirroring-concurrent-service-endpoint-syncs", 50),
    ("mirroring-max-endpoints-per-subset", 1000),
];

/// Refuses the first value that makes no sense.
pub(super) fn check(flags: &Parsed) -> Result<(), String> {
    for name in POSITIVE {
        let given = flags.int(name);
        if given <= 0 {
            return Err(format!("{name} must be greater than 0, but got {given}"));
        }
    }
    for (name, max) in BOUNDED {
        let given = flags.int(name);
        if given < 1 {
            return Err(format!("{name} must not be less than 1, but got {given}"));
        }
        if given > max {
            return Err(format!("{name} must not be more than {max}, but got {given}"));
        }
    }
    if flags.duration("attach-detach-reconcile-sync-period") < Duration::from_secs(1) {
        let why = "duration time must be greater than one second as set via command line option \
                   reconcile-sync-loop-period";
        return Err(why.into());
    }
    let cloud = flags.text("cloud-provider");
    if !matches!(cloud, "" | "external") {
        return Err(format!(
            "cloud provider {cloud:?} was specified, but built-in cloud providers are disabled. \
             Please set --cloud-provider=external and migrate to an external cloud provider"
        ));
    }
    let allocator = flags.text("cidr-allocator-type");
    if !matches!(allocator, "" | "RangeAllocator") {
        return Err(format!(
            "built-in cloud providers are disabled. The ipam {allocator} is not available"
        ));
    }
    if flags.bool("enable-hostpath-provisioner") {
        return Err("--enable-hostpath-provisioner: this program makes no volumes itself; run an \
                    external provisioner"
            .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused() {
        let table = [
            ("--concurrent-job-syncs=0", "concurrent-job-syncs must be greater than 0, but got 0"),
            (
                "--max-endpoints-per-slice=0",
                "max-endpoints-per-slice must not be less than 1, but got 0",
            ),
            (
                "--max-endpoints-per-slice=1001",
                "max-endpoints-per-slice must not be more than 1000, but got 1001",
            ),
            (
                "--attach-detach-reconcile-sync-period=10ms",
                "duration time must be greater than one second as set via command line option \
                 reconcile-sync-loop-period",
            ),
            (
                "--cloud-provider=aws",
                "cloud provider \"aws\" was specified, but built-in cloud providers are disabled. \
                 Please set --cloud-provider=external and migrate to an external cloud provider",
            ),
            (
                "--cidr-allocator-type=CloudAllocator",
                "built-in cloud providers are disabled. The ipam CloudAllocator is not available",
            ),
            (
                "--enable-hostpath-provisioner",
                "--enable-hostpath-provisioner: this program makes no volumes itself; run an \
                 external provisioner",
            ),
        ];
        for (word, message) in table {
            let parsed = runtime::flags::parse(&super::super::table(), [word]).expect("known");
            assert_eq!(check(&parsed).err().as_deref(), Some(message));
        }
        let parsed = runtime::flags::parse(&super::super::table(), ["--cloud-provider=external"]);
        assert_eq!(check(&parsed.expect("known")), Ok(()));
    }
}
