//! The address families of a service: what it asks for, and what follows from that.
//!
//! Mirrors `initIPFamilyFields` of `pkg/registry/core/service/storage`.

use super::spec::{Spec, refusal};
use object::{FieldErrors, Result, Value, json};
use std::net::IpAddr;

/// `IPv4`.
pub(crate) const IPV4: &str = "IPv4";
/// `IPv6`.
pub(crate) const IPV6: &str = "IPv6";

const POLICY: &str = "spec.ipFamilyPolicy";
const SINGLE: &str = "SingleStack";
const PREFER_DUAL: &str = "PreferDualStack";
const REQUIRE_DUAL: &str = "RequireDualStack";

/// The family of an address.
pub(crate) fn family_of(address: IpAddr) -> &'static str {
    if address.is_ipv4() { IPV4 } else { IPV6 }
}

fn other(family: &str) -> &'static str {
    if family == IPV4 { IPV6 } else { IPV4 }
}

/// Fills in `ipFamilyPolicy` and `ipFamilies`, or says why that can't be. `configured` are the
/// families that this cluster has ranges of, its default first.
pub(crate) fn init(service: &mut Value, old: Option<&Value>, configured: &[&str]) -> Result<()> {
    if Spec(service).kind() == "ExternalName" || is_settled(service, old) {
        return Ok(());
    }
    default_policy(service, old);
    let errors = kinds::service_address_errors(service, old);
    if !errors.is_empty() {
        return Err(refusal(service, errors));
    }
    let mut errors = FieldErrors::new();
    if let Some(old) = old {
        shrink(service, old, &mut errors);
    }
    let policy = Spec(service).policy().to_owned();
    if policy == SINGLE {
        for (field, what) in [("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")] {
            if Spec(service).list(field).len() == 2 {
                let why = format!(
                    "must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are \
                     specified"
                );
                errors.invalid(POLICY, policy.as_str(), why);
            }
        }
    }
    infer_from_addresses(service, configured, &mut errors);
    if !errors.is_empty() {
        return Err(refusal(service, errors));
    }
    let mut families: Vec<String> =
        Spec(service).list("ipFamilies").into_iter().map(str::to_owned).collect();
    if Spec(service).is_headless() && Spec(service).has_no_selector() {
        // Nobody gives it addresses, so it may have families that the cluster has not.
        if families.is_empty() {
            families.push(configured[0].to_owned());
        }
        if families.len() < 2 && policy != SINGLE {
            families.push(other(&families[0]).to_owned());
        }
        service["spec"]["ipFamilies"] = json!(families);
        return Ok(());
    }
    if policy == REQUIRE_DUAL && configured.len() < 2 {
        let why = "this cluster is not configured for dual-stack services";
        errors.invalid(POLICY, policy.as_str(), why);
    }
    for (index, family) in families.iter().enumerate() {
        if !configured.contains(&family.as_str()) {
            let path = format!("spec.ipFamilies[{index}]");
            errors.invalid(&path, family.as_str(), "not configured on this cluster");
        }
    }
    if !errors.is_empty() {
        return Err(refusal(service, errors));
    }
    if families.is_empty() {
        families.push(configured[0].to_owned());
    }
    if policy != SINGLE && families.len() == 1 && configured.len() == 2 {
        families.push(other(&families[0]).to_owned());
    }
    service["spec"]["ipFamilies"] = json!(families);
    Ok(())
}

/// Whether a service that takes what it gets stays as it is: it is neither upgraded nor downgraded
/// because the cluster has changed meanwhile.
pub(crate) fn is_settled(service: &Value, old: Option<&Value>) -> bool {
    let Some(old) = old else { return false };
    let (new, was) = (Spec(service), Spec(old));
    new.kind() == was.kind()
        && matches!(new.kind(), "ClusterIP" | "NodePort" | "LoadBalancer")
        && new.policy() == PREFER_DUAL
        && matches!(was.policy(), "" | PREFER_DUAL)
        && new.list("clusterIPs") == was.list("clusterIPs")
        && new.list("ipFamilies") == was.list("ipFamilies")
}

fn default_policy(service: &mut Value, old: Option<&Value>) {
    if !Spec(service).policy().is_empty() {
        return;
    }
    let was = old.map(|old| Spec(old).policy()).unwrap_or_default();
    let policy = match was {
        "" if Spec(service).is_headless() && Spec(service).has_no_selector() => REQUIRE_DUAL,
        "" => SINGLE,
        was => was,
    };
    service["spec"]["ipFamilyPolicy"] = policy.into();
}

/// What an update to fewer addresses or families means.
fn shrink(service: &mut Value, old: &Value, errors: &mut FieldErrors) {
    let single = Spec(service).policy() == SINGLE;
    for (field, what) in
        [("clusterIPs", "secondary cluster IP"), ("ipFamilies", "secondary IP family")]
    {
        let (new, was) = (Spec(service).list(field), Spec(old).list(field));
        if single && new == was && new.len() > 1 {
            service["spec"][field] = json!([new[0]]);
        } else if !single && !new.is_empty() && new.len() < was.len() {
            let why = format!("must be 'SingleStack' to release the {what}");
            errors.invalid(POLICY, Spec(service).policy(), why);
        }
    }
}

/// Addresses that were asked for tell their families.
fn infer_from_addresses(service: &mut Value, configured: &[&str], errors: &mut FieldErrors) {
    let addresses: Vec<String> =
        Spec(service).list("clusterIPs").into_iter().map(str::to_owned).collect();
    let mut families: Vec<String> =
        Spec(service).list("ipFamilies").into_iter().map(str::to_owned).collect();
    for (index, address) in addresses.iter().enumerate() {
        if address == "None" {
            break;
        }
        if index < families.len() {
            continue;
        }
        let family = address.parse().map_or("unknown", family_of);
        if configured.contains(&family) {
            families.push(family.to_owned());
        } else {
            let path = format!("spec.clusterIPs[{index}]");
            errors.invalid(
                &path,
                json!(addresses),
                format!("{family} is not configured on this cluster"),
            );
        }
    }
    if !families.is_empty() {
        service["spec"]["ipFamilies"] = json!(families);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(
        spec: Value,
        old: Option<Value>,
        configured: &[&str],
    ) -> std::result::Result<Value, String> {
        let mut service = json!({"metadata": {"name": "x"}, "spec": spec});
        let old = old.map(|spec| json!({"metadata": {"name": "x"}, "spec": spec}));
        init(&mut service, old.as_ref(), configured).map_err(|error| error.to_string())?;
        let spec = &service["spec"];
        Ok(json!([spec["ipFamilyPolicy"], spec["ipFamilies"]]))
    }

    #[test]
    fn families_follow_from_what_is_asked_for() {
        let plain = json!({"type": "ClusterIP", "selector": {"a": "b"}});
        let with = |more: Value| {
            let mut spec = plain.clone();
            for (key, value) in more.as_object().into_iter().flatten() {
                spec[key] = value.clone();
            }
            spec
        };
        let headless = json!({"type": "ClusterIP", "clusterIP": "None", "clusterIPs": ["None"]});
        let dual = [IPV4, IPV6];
        let cases = [
            (plain.clone(), &dual[..1], json!([SINGLE, [IPV4]])),
            (
                with(json!({"ipFamilyPolicy": PREFER_DUAL})),
                &dual[..1],
                json!([PREFER_DUAL, [IPV4]]),
            ),
            (
                with(json!({"ipFamilyPolicy": PREFER_DUAL})),
                &dual,
                json!([PREFER_DUAL, [IPV4, IPV6]]),
            ),
            (
                with(json!({"ipFamilyPolicy": REQUIRE_DUAL, "ipFamilies": [IPV6]})),
                &dual,
                json!([REQUIRE_DUAL, [IPV6, IPV4]]),
            ),
            (
                with(json!({"clusterIP": "fd00::1", "clusterIPs": ["fd00::1"]})),
                &dual,
                json!([SINGLE, [IPV6]]),
            ),
            (headless, &dual[..1], json!([REQUIRE_DUAL, [IPV4, IPV6]])),
        ];
        for (spec, configured, expected) in cases {
            assert_eq!(after(spec.clone(), None, configured), Ok(expected), "{spec}");
        }
    }

    #[test]
    fn what_the_cluster_has_not_is_refused_in_upstreams_words() {
        let refused = |spec| after(spec, None, &[IPV4]).expect_err("a refusal");
        assert_eq!(
            refused(
                json!({"type": "ClusterIP", "selector": {"a": "b"}, "ipFamilyPolicy": REQUIRE_DUAL})
            ),
            "Service \"x\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this \
             cluster is not configured for dual-stack services"
        );
        assert_eq!(
            refused(json!({"type": "ClusterIP", "selector": {"a": "b"}, "ipFamilies": [IPV6]})),
            "Service \"x\" is invalid: spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on \
             this cluster"
        );
        assert_eq!(
            refused(
                json!({"type": "ClusterIP", "clusterIP": "fd00::1", "clusterIPs": ["fd00::1"]})
            ),
            "Service \"x\" is invalid: spec.clusterIPs[0]: Invalid value: [\"fd00::1\"]: IPv6 is not \
             configured on this cluster"
        );
    }

    #[test]
    fn an_update_keeps_its_policy_and_lets_go_only_when_told_to() {
        let dual = json!({"type": "ClusterIP", "clusterIP": "10.0.0.1", "selector": {"a": "b"},
            "clusterIPs": ["10.0.0.1", "fd00::1"], "ipFamilies": [IPV4, IPV6],
            "ipFamilyPolicy": REQUIRE_DUAL});
        let mut single = dual.clone();
        single["ipFamilyPolicy"] = SINGLE.into();
        assert_eq!(after(single, Some(dual.clone()), &[IPV4, IPV6]), Ok(json!([SINGLE, [IPV4]])));
        let mut fewer = dual.clone();
        fewer["ipFamilies"] = json!([IPV4]);
        let why = after(fewer, Some(dual), &[IPV4, IPV6]).expect_err("a refusal");
        assert!(why.contains("must be 'SingleStack' to release the secondary IP family"), "{why}");
    }
}
