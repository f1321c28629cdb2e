//! How the versions that API servers store differ while they are written. Mirrors
//! `pkg/registry/apiserverinternal/storageversion`.

use crate::Context;
use crate::validation::{At, labels};
use object::{FieldErrors, Value, names};
use std::collections::{BTreeSet, HashMap};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn status_keeps_metadata(&self) -> bool {
        true
    }

    fn validate_update(
        &self,
        object: &Value,
        _old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource == "status" {
            status(&At::root(object).get("status"), errors);
        }
    }

    fn validate_name(&self, name: &str, _prefix: bool) -> Vec<String> {
        let Some((group, resource)) = name.rsplit_once('.') else {
            return vec!["name must be in the form of <group>.<resource>".to_owned()];
        };
        let group = names::dns1123_subdomain(group);
        let resource = names::dns1035_label(resource);
        let group = group.into_iter().map(|why| format!("the group segment {why}"));
        group.chain(resource.into_iter().map(|why| format!("the resource segment {why}"))).collect()
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }
}

fn status(at: &At<'_>, errors: &mut FieldErrors) {
    let servers = at.get("storageVersions");
    let mut seen = BTreeSet::new();
    for one in servers.items() {
        let id = one.get("apiServerID");
        if !seen.insert(id.text()) {
            id.duplicate(errors, id.text());
        }
        server(&one, errors);
    }
    common(&servers, &at.get("commonEncodingVersion"), errors);
    // Upstream names these without the list.
    let conditions = at.get("conditions");
    let mut known = HashMap::new();
    for (place, condition) in conditions.items().enumerate() {
        self::condition(&condition.shown_as(&at.index(place)), place, &mut known, errors);
    }
}

fn condition<'a>(
    at: &At<'a>,
    place: usize,
    known: &mut HashMap<&'a str, usize>,
    errors: &mut FieldErrors,
) {
    let kind = at.get("type");
    if let Some(other) = known.insert(kind.text(), place) {
        let detail = format!(
            "the type of the condition is not unique, it also appears in conditions[{other}]"
        );
        kind.invalid(errors, detail);
    }
    for field in ["type", "status"] {
        labels::key(&at.get(field), at.get(field).text(), errors);
    }
    at.get("reason").require(errors);
    at.get("message").require(errors);
}

fn server(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("apiServerID").check(errors, names::dns1123_subdomain);
    let (written, read) = (at.get("encodingVersion"), at.get("decodableVersions"));
    api_version(&written, errors);
    for version in read.items() {
        api_version(&version, errors);
    }
    if !read.texts().any(|version| version == written.text()) {
        let written = written.text();
        read.invalid(errors, format!("decodableVersions must include encodingVersion {written}"));
    }
    for served in at.get("servedVersions").items() {
        api_version(&served, errors);
        if !read.texts().any(|version| version == served.text()) {
            let all: Vec<&str> = read.texts().collect();
            let detail = format!(
                "individual served version : {} must be included in decodableVersions : [{}]",
                served.text(),
                all.join(" ")
            );
            served.invalid(errors, detail);
        }
    }
}

/// What all servers agree on is said, and nothing else.
fn common(servers: &At<'_>, said: &At<'_>, errors: &mut FieldErrors) {
    let mut all = servers.items().map(|server| server.get("encodingVersion").text());
    let first = all.next();
    let agreed = first.filter(|first| all.all(|other| other == *first));
    match (agreed, said.value.as_str()) {
        (None, Some(_)) => said.invalid(
            errors,
            "should be nil if servers do not agree on the same encoding version, or if there is \
             no server reporting the supported versions yet",
        ),
        (Some(agreed), None) => {
            said.invalid(errors, format!("the common encoding version is {agreed}"));
        }
        (Some(agreed), Some(said_text)) if agreed != said_text => {
            said.invalid(errors, format!("the actual common encoding version is {agreed}"));
        }
        _ => {}
    }
}

/// `v1` or `apps/v1`; all complaints in one.
fn api_version(at: &At<'_>, errors: &mut FieldErrors) {
    let mut complaints = Vec::new();
    let mut part = |name: &str, text: &str, rule: fn(&str) -> Vec<String>| {
        let found = if text.is_empty() { vec!["must be non-empty".to_owned()] } else { rule(text) };
        complaints.extend(found.into_iter().map(|why| format!("{name} part: {why}")));
    };
    match at.text().split('/').collect::<Vec<_>>()[..] {
        [version] => part("version", version, names::dns1035_label),
        [group, version] => {
            part("group", group, names::dns1123_subdomain);
            part("version", version, names::dns1035_label);
        }
        _ => {
            let pattern = names::pattern(
                "a DNS-1035 label, which must consist of lower case alphanumeric characters or \
                 '-', start with an alphabetic character, and end with an alphanumeric character",
                "[a-z]([-a-z0-9]*[a-z0-9])?",
                &["my-name", "abc-123"],
            );
            complaints.push(format!(
                "an apiVersion is {pattern} with an optional DNS subdomain prefix and '/' (e.g. \
                 'example.com/MyVersion')"
            ));
        }
    }
    if !complaints.is_empty() {
        at.invalid_as(errors, at.text(), complaints.join(","));
    }
}
