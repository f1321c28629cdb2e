//! What pods of Linux and of Windows can't have of each other. Mirrors
//! `pkg/apis/core/validation`.

use super::{At, pod_parts};
use crate::privilege;
use object::FieldErrors;

const NOT_ON_WINDOWS: &str = "cannot be set for a windows pod";
const NOT_ON_LINUX: &str = "windows options cannot be set for a linux pod";

/// A pod that says that it is for Linux.
pub(crate) fn not_on_linux(spec: &At<'_>, errors: &mut FieldErrors) {
    for holder in std::iter::once(spec.clone()).chain(pod_parts::containers(spec)) {
        let context = holder.get("securityContext");
        context.get("windowsOptions").forbid(errors, NOT_ON_LINUX);
    }
}

/// A pod that says that it is for Windows.
pub(crate) fn not_on_windows(spec: &At<'_>, errors: &mut FieldErrors) {
    let context = spec.get("securityContext");
    let forbid = |at: &At<'_>, fields: &[&'static str], errors: &mut FieldErrors| {
        for field in fields {
            at.get(field).forbid(errors, NOT_ON_WINDOWS);
        }
    };
    forbid(&context, &["appArmorProfile", "seLinuxOptions"], errors);
    forbid(spec, &["hostUsers"], errors);
    for field in ["hostPID", "hostIPC"] {
        if spec.get(field).flag() {
            spec.get(field).forbidden(errors, NOT_ON_WINDOWS);
        }
    }
    forbid(&context, &["seccompProfile", "fsGroup", "fsGroupChangePolicy"], errors);
    if !context.get("sysctls").is_empty() {
        context.get("sysctls").forbidden(errors, NOT_ON_WINDOWS);
    }
    forbid(spec, &["shareProcessNamespace"], errors);
    forbid(
        &context,
        &[
            "runAsUser",
            "runAsGroup",
            "supplementalGroups",
            "supplementalGroupsPolicy",
            "seLinuxChangePolicy",
        ],
        errors,
    );
    for container in pod_parts::containers(spec) {
        forbid(
            &container.get("securityContext"),
            &[
                "appArmorProfile",
                "seLinuxOptions",
                "seccompProfile",
                "capabilities",
                "readOnlyRootFilesystem",
                "privileged",
                "allowPrivilegeEscalation",
                "procMount",
                "runAsUser",
                "runAsGroup",
            ],
            errors,
        );
    }
}

/// Containers that are processes of the host: all of them or none.
pub(crate) fn host_process(spec: &At<'_>, errors: &mut FieldErrors) {
    let of_pod = spec.get("securityContext.windowsOptions.hostProcess").value.as_bool();
    let all = pod_parts::containers(spec);
    let mut host_processes = 0;
    for container in &all {
        let options = container.get("securityContext.windowsOptions");
        let own = options.get("hostProcess");
        if let (Some(of_pod), Some(of_container)) = (of_pod, own.value.as_bool())
            && of_pod != of_container
        {
            let detail = format!(
                "pod hostProcess value must be identical if both are specified, was {of_pod}"
            );
            own.invalid(errors, detail);
        }
        if own.value.as_bool().or(of_pod) == Some(true) {
            host_processes += 1;
        }
    }
    if host_processes == 0 {
        return;
    }
    if host_processes != all.len() {
        spec.invalid_as(
            errors,
            "",
            "If pod contains any hostProcess containers then all containers must be HostProcess \
             containers",
        );
    }
    let network = spec.get("hostNetwork");
    if !network.flag() {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        network.invalid_as(errors, false, detail);
    }
    if !privilege::is_allowed() {
        spec.forbidden(errors, "hostProcess containers are disallowed by cluster policy");
    }
}
