//! Which container of a pod is meant, and on which node it runs.
//!
//! Mirrors `pkg/registry/core/pod/strategy.go` (`validateContainer`, `streamLocation`).

use object::{ApiError, Result, Value, meta};

/// The lists of containers in a pod's spec, in upstream's order.
const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// The container asked for, or the only one.
pub(super) fn choose<'a>(pod: &'a Value, wanted: Option<&'a str>) -> Result<&'a str> {
    let names = |list: &str| {
        let list = pod["spec"][list].as_array();
        list.into_iter().flatten().filter_map(|container| container["name"].as_str())
    };
    let pod = meta::name(pod);
    if let Some(wanted) = wanted {
        return match LISTS.iter().any(|list| names(list).any(|name| name == wanted)) {
            true => Ok(wanted),
            false => {
                Err(ApiError::bad_request(format!("container {wanted} is not valid for pod {pod}")))
            }
        };
    }
    let ordinary: Vec<&str> = names("containers").collect();
    match ordinary[..] {
        [only] => Ok(only),
        [] => {
            Err(ApiError::bad_request(format!("a container name must be specified for pod {pod}")))
        }
        _ => {
            let all: Vec<&str> = LISTS.iter().flat_map(|list| names(list)).collect();
            Err(ApiError::bad_request(format!(
                "a container name must be specified for pod {pod}, choose one of: [{}]",
                all.join(" ")
            )))
        }
    }
}

/// The node that a pod is bound to.
pub(super) fn node(pod: &Value) -> Option<&str> {
    pod["spec"]["nodeName"].as_str().filter(|name| !name.is_empty())
}

/// The node that a pod is bound to; 400 when there is none yet.
pub(super) fn bound_node(pod: &Value) -> Result<&str> {
    node(pod).ok_or_else(|| {
        ApiError::bad_request(format!("pod {} does not have a host assigned", meta::name(pod)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    #[test]
    fn chooses_as_upstream_does() {
        let one = json!({"metadata": {"name": "p"}, "spec": {
            "containers": [{"name": "a"}], "initContainers": [{"name": "i"}]}});
        let two = json!({"metadata": {"name": "p"}, "spec": {
            "containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}]}});
        assert_eq!(choose(&one, None).unwrap(), "a");
        assert_eq!(choose(&one, Some("i")).unwrap(), "i");
        assert_eq!(
            choose(&one, Some("x")).unwrap_err().message,
            "container x is not valid for pod p"
        );
        assert_eq!(
            choose(&two, None).unwrap_err().message,
            "a container name must be specified for pod p, choose one of: [i a b]"
        );
        assert_eq!(bound_node(&one).unwrap_err().message, "pod p does not have a host assigned");
    }
}
