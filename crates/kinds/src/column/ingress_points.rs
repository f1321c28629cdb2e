//! The addresses at which a load balancer takes traffic in.

use super::{items, text_of};
use object::Value;

/// Addresses or names, in order, each once.
pub(crate) fn ingress_points(load_balancer: &Value) -> Vec<&str> {
    let mut points: Vec<_> = items(&load_balancer["ingress"])
        .map(|point| super::or(text_of(&point["ip"]), text_of(&point["hostname"])))
        .filter(|point| !point.is_empty())
        .collect();
    points.sort_unstable();
    points.dedup();
    points
}
