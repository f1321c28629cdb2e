//! How network policies differ while they are written. Mirrors
//! `pkg/registry/networking/networkpolicy`.

use crate::Context;
use crate::validation::network::{self, masked, parse_cidr};
use crate::validation::{At, labels};
use object::{FieldErrors, Value, names};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        policy(object, &Known::default(), errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        let was = At::root(old).get("spec");
        let mut known = Known {
            bad_selector: !labels::is_readable(&was.get("podSelector")),
            ranges: Vec::new(),
        };
        for (field, peers) in [("ingress", "from"), ("egress", "to")] {
            for peer in was.get(field).items().flat_map(|rule| rule.get(peers).items()) {
                if !peer.get("ipBlock").is_set() {
                    continue;
                }
                known.ranges.push(peer.get("ipBlock.cidr").text());
                known.ranges.extend(peer.get("ipBlock.except").texts());
            }
        }
        policy(object, &known, errors);
    }
}

/// What the old policy had already.
#[derive(Default)]
struct Known<'a> {
    bad_selector: bool,
    ranges: Vec<&'a str>,
}

fn policy(object: &Value, known: &Known<'_>, errors: &mut FieldErrors) {
    let root = At::root(object);
    let spec = root.get("spec");
    labels::selector(&spec.get("podSelector"), known.bad_selector, errors);
    for (field, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.get(field).items() {
            for item in rule.get("ports").items() {
                port(&item, errors);
            }
            for item in rule.get(peers).items() {
                peer(&item, known, errors);
            }
        }
    }
    let types = spec.get("policyTypes");
    if types.len() > 2 {
        types.invalid(errors, "may not specify more than two policyTypes");
        return;
    }
    for kind in types.items() {
        kind.one_of(errors, &["Ingress", "Egress"]);
    }
}

fn port(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("protocol").maybe_one_of(errors, &["TCP", "UDP", "SCTP"]);
    let (port, end) = (at.get("port"), at.get("endPort"));
    if !port.is_set() {
        end.forbidden_value(errors, "may not be specified when `port` is not specified");
    } else if port.value.is_string() {
        end.forbidden_value(errors, "may not be specified when `port` is non-numeric");
        port.check(errors, names::port_name);
    } else {
        port.check_int(errors, names::port_number);
        if end.is_set() {
            if end.int() < port.int() {
                let detail = "must be greater than or equal to `port`";
                end.invalid_as(errors, port.int(), detail);
            }
            end.check_int(errors, names::port_number);
        }
    }
}

fn peer(at: &At<'_>, known: &Known<'_>, errors: &mut FieldErrors) {
    let selectors = [at.get("podSelector"), at.get("namespaceSelector")];
    for selector in &selectors {
        labels::selector(selector, known.bad_selector, errors);
    }
    let block = at.get("ipBlock");
    let selected = selectors.iter().any(At::is_set);
    if block.is_set() {
        ip_block(&block, known, errors);
        if selected {
            at.forbidden(errors, "may not specify both ipBlock and another peer");
        }
    } else if !selected {
        at.required(errors, "must specify a peer");
    }
}

fn ip_block(at: &At<'_>, known: &Known<'_>, errors: &mut FieldErrors) {
    let range = at.get("cidr");
    if !range.require(errors) {
        return;
    }
    network::cidr(&range, range.text(), &known.ranges, errors);
    let Some((whole, bits)) = parse_cidr(range.text()) else { return };
    for except in at.get("except").items() {
        network::cidr(&except, except.text(), &known.ranges, errors);
        let Some((part, part_bits)) = parse_cidr(except.text()) else { continue };
        let inside = whole.is_ipv4() == part.is_ipv4()
            && masked(masked(part, part_bits), bits) == masked(whole, bits);
        if !inside || bits >= part_bits {
            except.invalid(errors, "must be a strict subset of `cidr`");
        }
    }
}
