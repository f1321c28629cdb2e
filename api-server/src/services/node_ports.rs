//! Which node ports a service gets, keeps and loses.
//!
//! Mirrors the node-port part of `pkg/registry/core/service/storage/alloc.go`.

use super::ports::Desk;
use super::spec::{Spec, port, refusal};
use object::{ApiError, FieldErrors, Result, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Gives a new service its ports.
pub(super) fn create(service: &mut Value, desk: &mut Desk) -> Result<()> {
    if Spec(service).may_have_node_ports() {
        create_each(service, desk)?;
    }
    if Spec(service).needs_health_check() {
        health_check(service, desk)?;
    }
    Ok(())
}

/// Gives a changed service its ports. What it no longer has: see [`lost`].
pub(super) fn update(service: &mut Value, old: &Value, desk: &mut Desk) -> Result<()> {
    if Spec(service).may_have_node_ports() {
        update_each(service, old, desk)?;
    }
    if Spec(service).needs_health_check() && !Spec(old).needs_health_check() {
        health_check(service, desk)?;
    }
    Ok(())
}

/// The ports that a changed service no longer has.
pub(super) fn lost(service: &Value, old: &Value) -> Vec<u16> {
    let (new, was) = (Spec(service), Spec(old));
    let mut lost = Vec::new();
    if new.may_have_node_ports() {
        let kept = new.node_ports();
        lost.extend(was.node_ports().into_iter().filter(|port| !kept.contains(port)));
    } else if was.may_have_node_ports() {
        lost.extend(was.node_ports());
    }
    if was.needs_health_check() && !new.needs_health_check() {
        lost.push(was.health_check_port());
    }
    lost
}

/// All ports of a service that is gone.
pub(super) fn all(service: &Value) -> Vec<u16> {
    let spec = Spec(service);
    let mut all = spec.node_ports();
    if spec.needs_health_check() && spec.health_check_port() != 0 {
        all.push(spec.health_check_port());
    }
    all
}

fn create_each(service: &mut Value, desk: &mut Desk) -> Result<()> {
    let any = Spec(service).needs_node_ports();
    // The same port of two protocols gets the same node port.
    let mut given: BTreeMap<u16, u16> = BTreeMap::new();
    for index in 0..Spec(service).ports().len() {
        let item = &Spec(service).ports()[index];
        let (number, asked) = (port(&item["port"]), port(&item["nodePort"]));
        if asked == 0 && !any {
            continue;
        }
        let got = match given.get(&number) {
            None => {
                let wanted = Spec(service)
                    .ports()
                    .iter()
                    .filter(|other| port(&other["port"]) == number)
                    .map(|other| port(&other["nodePort"]))
                    .find(|wanted| *wanted != 0);
                let got = match wanted {
                    Some(wanted) => {
                        take(service, desk, index, wanted)?;
                        wanted
                    }
                    None => take_any(desk)?,
                };
                given.insert(number, got);
                got
            }
            Some(same) if asked == 0 || asked == *same => *same,
            Some(_) => {
                take(service, desk, index, asked)?;
                asked
            }
        };
        service["spec"]["ports"][index]["nodePort"] = got.into();
    }
    Ok(())
}

fn update_each(service: &mut Value, old: &Value, desk: &mut Desk) -> Result<()> {
    let any = Spec(service).needs_node_ports();
    let had = Spec(old).node_ports();
    let mut taken = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for index in 0..Spec(service).ports().len() {
        let item = &Spec(service).ports()[index];
        let protocol = item["protocol"].as_str().unwrap_or_default().to_owned();
        let mut number = port(&item["nodePort"]);
        if number == 0 && !any {
            continue;
        }
        if number == 0 {
            number = take_any(desk)?;
            service["spec"]["ports"][index]["nodePort"] = number.into();
        } else if !had.contains(&number) && !taken.contains(&number) {
            take(service, desk, index, number)?;
            taken.insert(number);
        }
        if !seen.insert((protocol.clone(), number)) {
            return Err(ApiError::internal(format!("duplicate nodePort: {{{protocol} {number}}}")));
        }
    }
    Ok(())
}

fn take(service: &Value, desk: &mut Desk, index: usize, number: u16) -> Result<()> {
    desk.take(number).map_err(|error| {
        let mut errors = FieldErrors::new();
        errors.invalid(&format!("spec.ports[{index}].nodePort"), number, error.to_string());
        refusal(service, errors)
    })
}

fn take_any(desk: &mut Desk) -> Result<u16> {
    desk.take_any()
        .map_err(|error| ApiError::internal(format!("failed to allocate a nodePort: {error}")))
}

fn health_check(service: &mut Value, desk: &mut Desk) -> Result<()> {
    let asked = Spec(service).health_check_port();
    if asked != 0 {
        return desk.take(asked).map_err(|error| {
            let what = "failed to allocate requested HealthCheck NodePort";
            ApiError::internal(format!("{what} {asked}: {error}"))
        });
    }
    let port = desk.take_any().map_err(|error| {
        ApiError::internal(format!("failed to allocate a HealthCheck NodePort 0: {error}"))
    })?;
    service["spec"]["healthCheckNodePort"] = port.into();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    fn desk(used: &[u16]) -> Desk {
        Desk::new((30000, 30063), used.iter().copied().collect(), false)
    }

    #[test]
    fn a_port_of_two_protocols_has_one_node_port() {
        let mut service = json!({"spec": {"type": "NodePort", "ports": [
            {"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP", "nodePort": 30010}, {"port": 80}]}});
        let mut desk = desk(&[]);
        create(&mut service, &mut desk).expect("ports");
        let numbers = Spec(&service).node_ports();
        assert_eq!(numbers[..2], [30010, 30010]);
        assert_eq!(desk.taken().len(), 2);
    }

    #[test]
    fn a_taken_port_is_refused_in_upstreams_words() {
        let mut service = json!({"metadata": {"name": "x"},
            "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30001}]}});
        let why = create(&mut service, &mut desk(&[30001])).expect_err("a refusal").to_string();
        assert_eq!(
            why,
            "Service \"x\" is invalid: spec.ports[0].nodePort: Invalid value: 30001: provided port is \
             already allocated"
        );
    }

    #[test]
    fn a_change_takes_what_is_new_and_loses_what_is_gone() {
        let old = json!({"spec": {"type": "NodePort", "ports": [
            {"port": 1, "protocol": "TCP", "nodePort": 30001}, {"port": 2, "protocol": "TCP", "nodePort": 30002}]}});
        let mut new = json!({"spec": {"type": "NodePort", "ports": [
            {"port": 1, "protocol": "TCP", "nodePort": 30001}, {"port": 3, "protocol": "TCP"}]}});
        let mut at = desk(&[30001, 30002]);
        update(&mut new, &old, &mut at).expect("ports");
        assert_eq!((at.taken().len(), lost(&new, &old)), (1, vec![30002]));
        let inside = json!({"spec": {"type": "ClusterIP", "ports": [{"port": 1}]}});
        assert_eq!(lost(&inside, &old), [30001, 30002]);
    }

    #[test]
    fn a_balancer_without_node_ports_still_gets_its_health_check() {
        let mut service = json!({"spec": {"type": "LoadBalancer", "externalTrafficPolicy": "Local",
            "allocateLoadBalancerNodePorts": false, "ports": [{"port": 80}]}});
        let mut at = desk(&[]);
        create(&mut service, &mut at).expect("a port");
        assert_eq!(Spec(&service).node_ports(), [0u16; 0]);
        assert_eq!(at.taken(), [Spec(&service).health_check_port()]);
        assert_eq!(all(&service), at.taken());
    }
}
