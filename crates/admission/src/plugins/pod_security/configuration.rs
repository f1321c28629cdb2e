//! `PodSecurityConfiguration`: what holds where a namespace says nothing, and who is exempt.
//!
//! Read strictly out of the file that `--admission-control-config-file` names. Mirrors
//! `admission/api/load` and `admission/api/validation` of `k8s.io/pod-security-admission`.

use super::standard::{Level, NO_LEVEL, NO_VERSION, Policy, Standard, Version};
use object::{FieldErrors, FieldPath, Value, names};
use std::collections::BTreeSet;

const GROUP: &str = "pod-security.admission.config.k8s.io/";
const VERSIONS: [&str; 3] = ["v1", "v1beta1", "v1alpha1"];
const KIND: &str = "PodSecurityConfiguration";

/// The plugin's configuration.
#[derive(Clone, Debug)]
pub struct Configuration {
    pub(super) defaults: Policy,
    pub(super) usernames: BTreeSet<String>,
    pub(super) namespaces: BTreeSet<String>,
    pub(super) runtime_classes: BTreeSet<String>,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            defaults: Policy::PRIVILEGED,
            usernames: BTreeSet::new(),
            namespaces: BTreeSet::new(),
            runtime_classes: BTreeSet::new(),
        }
    }
}

impl Configuration {
    /// Out of an object of kind `PodSecurityConfiguration`.
    ///
    /// # Errors
    /// One line; of several mistakes in values all are told.
    pub fn parse(object: &Value) -> Result<Self, String> {
        known(object)?;
        only(object, "", &["apiVersion", "kind", "defaults", "exemptions"])?;
        let (defaults, exemptions) = (&object["defaults"], &object["exemptions"]);
        let modes = ["enforce", "audit", "warn"];
        let fields = modes.iter().flat_map(|m| [(*m).to_owned(), format!("{m}-version")]);
        let fields: Vec<String> = fields.collect();
        only(defaults, "defaults.", &fields)?;
        only(exemptions, "exemptions.", &["usernames", "namespaces", "runtimeClasses"])?;

        let mut wrong = Vec::new();
        let [enforce, audit, warn] = modes.map(|mode| standard(defaults, mode, &mut wrong));
        if !wrong.is_empty() {
            let wrong = match wrong.as_slice() {
                [one] => one.clone(),
                many => format!("[{}]", many.join(", ")),
            };
            return Err(format!("PodSecurity configuration error: {wrong}"));
        }
        let mut errors = FieldErrors::new();
        let namespaces = list(exemptions, "namespaces", &mut errors, names::dns1123_label)?;
        let runtime_classes =
            list(exemptions, "runtimeClasses", &mut errors, names::dns1123_subdomain)?;
        let named = |name: &str| match name {
            "" => vec!["username must not be empty".to_owned()],
            _ => Vec::new(),
        };
        let usernames = list(exemptions, "usernames", &mut errors, named)?;
        if !errors.is_empty() {
            return Err(format!("PodSecurity invalid: {errors}"));
        }
        let defaults = Policy { enforce, audit, warn };
        Ok(Self { defaults, usernames, namespaces, runtime_classes })
    }
}

/// Whether it is of the kind, in a version that there is.
fn known(object: &Value) -> Result<(), String> {
    let text = |field: &str| object[field].as_str().unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    let known = version.strip_prefix(GROUP).is_some_and(|v| VERSIONS.contains(&v));
    if known && kind == KIND {
        return Ok(());
    }
    Err(format!("no kind {kind:?} is registered for version {version:?}; {KIND} of {GROUP}v1 is"))
}

/// No other fields than these.
fn only(object: &Value, place: &str, fields: &[impl AsRef<str>]) -> Result<(), String> {
    let object = match object {
        Value::Null => return Ok(()),
        Value::Object(object) => object,
        _ => return Err(format!("{KIND}: {}: not an object", place.trim_end_matches('.'))),
    };
    let strange = object.keys().find(|key| !fields.iter().any(|field| field.as_ref() == *key));
    match strange {
        Some(key) => Err(format!("strict decoding error: unknown field \"{place}{key}\"")),
        None => Ok(()),
    }
}

fn standard(defaults: &Value, mode: &str, wrong: &mut Vec<String>) -> Standard {
    let version_field = format!("{mode}-version");
    let given = |field: &str| defaults[field].as_str().filter(|text| !text.is_empty());
    let level = given(mode).map_or(Level::Privileged, |text| {
        Level::parse(text).unwrap_or_else(|| {
            wrong.push(format!("{mode}: {NO_LEVEL}"));
            Level::Restricted
        })
    });
    let version = given(&version_field).map_or(Version::Latest, |text| {
        Version::parse(text).unwrap_or_else(|| {
            wrong.push(format!("{version_field}: {NO_VERSION}"));
            Version::Latest
        })
    });
    Standard { level, version }
}

fn list(
    exemptions: &Value,
    field: &str,
    errors: &mut FieldErrors,
    faults: impl Fn(&str) -> Vec<String>,
) -> Result<BTreeSet<String>, String> {
    let no_list = || format!("{KIND}: exemptions.{field}: not a list of texts");
    let mut all = BTreeSet::new();
    let given = match &exemptions[field] {
        Value::Null => return Ok(all),
        Value::Array(given) => given,
        _ => return Err(no_list()),
    };
    for (index, item) in given.iter().enumerate() {
        let name = item.as_str().ok_or_else(no_list)?;
        let path = FieldPath::new("exemptions").child(field).index(index);
        let faults = faults(name);
        if !faults.is_empty() {
            errors.invalid(&path, name, faults.join(", "));
        } else if !all.insert(name.to_owned()) {
            errors.duplicate(&path, name);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    fn configuration(defaults: Value, exemptions: Value) -> Value {
        let version = "pod-security.admission.config.k8s.io/v1";
        json!({
            "apiVersion": version, "kind": KIND, "defaults": defaults, "exemptions": exemptions,
        })
    }

    #[test]
    fn what_is_given_holds_and_the_rest_is_open() {
        let read = Configuration::parse(&configuration(
            json!({"enforce": "baseline", "warn-version": "v1.30"}),
            json!({"usernames": ["a"], "namespaces": ["kube-system"]}),
        ))
        .expect("a configuration");
        let modes = read.defaults.modes().map(|mode| mode.to_string());
        assert_eq!(modes, ["baseline:latest", "privileged:latest", "privileged:v1.30"]);
        assert!(read.namespaces.contains("kube-system") && read.usernames.contains("a"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let some =
            |defaults, exemptions| Configuration::parse(&configuration(defaults, exemptions));
        for (read, why) in [
            (
                some(json!({"enforce": "strict", "audit-version": "1"}), json!({})),
                "PodSecurity configuration error: [enforce: must be one of privileged, baseline, \
                 restricted, audit-version: must be \"latest\" or \"v1.x\"]",
            ),
            (
                some(json!({}), json!({"usernames": ["a", "", "a"]})),
                "PodSecurity invalid: [exemptions.usernames[1]: Invalid value: \"\": username must \
                 not be empty, exemptions.usernames[2]: Duplicate value: \"a\"]",
            ),
            (
                some(json!({"enforced": "baseline"}), Value::Null),
                "strict decoding error: unknown field \"defaults.enforced\"",
            ),
            (
                Configuration::parse(&json!({"apiVersion": "v1", "kind": "Pod"})),
                "no kind \"Pod\" is registered for version \"v1\"; PodSecurityConfiguration of \
                 pod-security.admission.config.k8s.io/v1 is",
            ),
        ] {
            assert_eq!(read.expect_err("a refusal"), why);
        }
    }
}
