//! What admission policies and their bindings show, validating and mutating alike.

use super::{AGE, Cell, Column, NAME, Row, age, items, name, text, text_of};
use object::Value;
use object::meta::pairs;

pub(crate) const PARAM_KIND: Column =
    text("ParamKind", "The kind of the objects that parametrise the policy.");

pub(crate) const BINDING: &[Column] = &[
    NAME,
    text("PolicyName", "The policy that is bound."),
    text("ParamRef", "The objects that parametrise it here."),
    AGE,
];

/// The cell of [`PARAM_KIND`].
pub(crate) fn param_kind(row: &Row<'_>) -> Cell {
    let kind = &row.object["spec"]["paramKind"];
    if kind.is_null() {
        return "<unset>".into();
    }
    format!("{}/{}", text_of(&kind["apiVersion"]), text_of(&kind["kind"])).into()
}

/// The cells of [`BINDING`].
pub(crate) fn binding(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let params = &spec["paramRef"];
    let (param, namespace) = (text_of(&params["name"]), text_of(&params["namespace"]));
    let shown = if !param.is_empty() {
        // Nobody knows here whether the parameters live in namespaces.
        format!("{}/{param}", super::or(namespace, "*"))
    } else if !params["selector"].is_null() {
        selector_in_go(&params["selector"])
    } else {
        "<unset>".to_owned()
    };
    vec![name(row), text_of(&spec["policyName"]).into(), shown.into(), age(row)]
}

/// A `LabelSelector` as Go prints the struct itself.
fn selector_in_go(selector: &Value) -> String {
    let labels: String =
        pairs(&selector["matchLabels"]).map(|(key, value)| format!("{key}: {value},")).collect();
    let expressions: String = items(&selector["matchExpressions"])
        .map(|expression| {
            let values: Vec<_> = items(&expression["values"]).map(text_of).collect();
            format!(
                "LabelSelectorRequirement{{Key:{},Operator:{},Values:[{}],}},",
                text_of(&expression["key"]),
                text_of(&expression["operator"]),
                values.join(" ")
            )
        })
        .collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},\
         MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
}
