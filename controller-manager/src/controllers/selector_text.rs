//! Label selectors in the two forms that people and servers read.
//!
//! Mirrors `LabelSelector.String`, which Go prints selectors with in messages, and
//! `labels.Selector.String`, which requests carry (`k8s.io/apimachinery`).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// As Go's `%v` prints a pointer to one.
pub(super) fn print(selector: Option<&LabelSelector>) -> String {
    let Some(LabelSelector { match_labels, match_expressions }) = selector else {
        return "nil".into();
    };
    let labels: String =
        match_labels.iter().flatten().map(|(key, value)| format!("{key}: {value},")).collect();
    let expressions: String = match_expressions
        .iter()
        .flatten()
        .map(|wanted| {
            let values = wanted.values.as_deref().unwrap_or_default().join(" ");
            format!(
                "LabelSelectorRequirement{{Key:{},Operator:{},Values:[{values}],}},",
                wanted.key, wanted.operator
            )
        })
        .collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:\
         []LabelSelectorRequirement{{{expressions}}},}}"
    )
}

/// As a query carries it: `app=web,tier in (a,b)`; empty for one that selects everything.
pub(super) fn query(selector: Option<&LabelSelector>) -> String {
    let Some(selector) = selector else { return String::new() };
    let labels = selector.match_labels.iter().flatten();
    let mut parts: Vec<(String, String)> =
        labels.map(|(key, value)| (key.clone(), format!("{key}={value}"))).collect();
    for wanted in selector.match_expressions.iter().flatten() {
        let key = &wanted.key;
        let mut values = wanted.values.clone().unwrap_or_default();
        values.sort();
        let values = values.join(",");
        let text = match wanted.operator.as_str() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.clone(),
        };
        parts.push((key.clone(), text));
    }
    parts.sort();
    parts.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_are_printed_as_go_prints_them() {
        let selector: LabelSelector = serde_json::from_value(json!({
            "matchLabels": {"b": "2", "a": "1"},
            "matchExpressions": [{"key": "k", "operator": "In", "values": ["y", "x"]},
                                 {"key": "gone", "operator": "DoesNotExist"}]}))
        .expect("a selector");
        assert_eq!(
            print(Some(&selector)),
            "&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:\
             []LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[y x],},\
             LabelSelectorRequirement{Key:gone,Operator:DoesNotExist,Values:[],},},}"
        );
        assert_eq!(query(Some(&selector)), "a=1,b=2,!gone,k in (x,y)");
        assert_eq!((print(None).as_str(), query(None).as_str()), ("nil", ""));
    }
}
