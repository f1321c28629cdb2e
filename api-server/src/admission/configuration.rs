//! The file of `--admission-control-config-file`: what single plugins are told.
//!
//! `AdmissionConfiguration`, read strictly; each plugin's part stands in it or in a file of its own.
//! Only `PodSecurity` can be told anything; what any other is to be told is refused. Mirrors
//! `k8s.io/apiserver/pkg/admission/config.go`.

use admission::{PodSecurityConfiguration, TABLE};
use object::{Value, quote::quoted};
use std::path::Path;

const FLAG: &str = "--admission-control-config-file";
const VERSIONS: [&str; 3] =
    ["apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1alpha1", "apiserver.k8s.io/v1alpha1"];
const KIND: &str = "AdmissionConfiguration";

/// What the plugins are told that can be told something.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    pub(super) pod_security: PodSecurityConfiguration,
}

impl Configuration {
    /// Out of the file, which names others relative to itself.
    ///
    /// # Errors
    /// One line that names the flag.
    pub(super) fn load(file: Option<&Path>) -> Result<Self, String> {
        let Some(file) = file else { return Ok(Self::default()) };
        let folder = file.parent().unwrap_or(Path::new("."));
        let beside = |path: &str| read(&folder.join(path));
        read(file)
            .and_then(|tree| Self::parse(&tree, beside))
            .map_err(|why| format!("{FLAG}: {why}"))
    }

    /// `beside` reads the files that the tree names.
    fn parse(tree: &Value, beside: impl Fn(&str) -> Result<Value, String>) -> Result<Self, String> {
        let text = |tree: &Value, field: &str| tree[field].as_str().unwrap_or_default().to_owned();
        let (version, kind) = (text(tree, "apiVersion"), text(tree, "kind"));
        if kind != KIND || !VERSIONS.contains(&version.as_str()) {
            let (kind, version) = (quoted(&kind), quoted(&version));
            let first = VERSIONS[0];
            return Err(format!(
                "no kind {kind} is registered for version {version}; {KIND} of {first} is"
            ));
        }
        only(tree, "", &["apiVersion", "kind", "plugins"])?;
        let mut all = Self::default();
        let mut told: Vec<String> = Vec::new();
        for (index, plugin) in tree["plugins"].as_array().into_iter().flatten().enumerate() {
            only(plugin, &format!("plugins[{index}]."), &["name", "path", "configuration"])?;
            let (name, path) = (text(plugin, "name"), text(plugin, "path"));
            // Of several parts for one plugin, the first counts.
            if told.contains(&name) {
                continue;
            }
            let part = match (&plugin["configuration"], path.as_str()) {
                (Value::Null, "") => continue,
                (Value::Null, path) => beside(path)?,
                (inline, _) => inline.clone(),
            };
            match name.as_str() {
                "PodSecurity" => all.pod_security = PodSecurityConfiguration::parse(&part)?,
                name if TABLE.iter().any(|row| row.name == name) => {
                    return Err(format!("this server has no configuration for {name} yet"));
                }
                _ => {}
            }
            told.push(name);
        }
        Ok(all)
    }
}

fn read(file: &Path) -> Result<Value, String> {
    let at = |why: &dyn std::fmt::Display| {
        let file = quoted(&file.display().to_string());
        format!("unable to read admission control configuration from {file} [{why}]")
    };
    let text = std::fs::read(file).map_err(|error| at(&error))?;
    let json = codec::yaml_to_json(&text).map_err(|error| at(&error))?;
    serde_json::from_slice(&json).map_err(|error| at(&error))
}

/// No other fields than these.
fn only(tree: &Value, place: &str, fields: &[&str]) -> Result<(), String> {
    let strange = tree.as_object().into_iter().flatten().map(|(key, _)| key);
    match strange.into_iter().find(|key| !fields.contains(&key.as_str())) {
        Some(key) => Err(format!("strict decoding error: unknown field \"{place}{key}\"")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n";
    const LEVELS: &str = "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: \
                          PodSecurityConfiguration\ndefaults: {enforce: baseline}\n";

    fn tree(text: &str) -> Value {
        let json = codec::yaml_to_json(text.as_bytes()).expect("YAML");
        serde_json::from_slice(&json).expect("JSON")
    }

    fn load(text: &str) -> Result<Configuration, String> {
        let beside = |path: &str| match path {
            "levels.yaml" => Ok(tree(LEVELS)),
            other => read(Path::new(other)),
        };
        Configuration::parse(&tree(text), beside)
    }

    #[test]
    fn a_part_stands_inside_or_beside() {
        let inside = LEVELS.replace('\n', "\n    ");
        for text in [
            format!("{HEAD}plugins:\n- name: PodSecurity\n  configuration:\n    {inside}"),
            format!("{HEAD}plugins:\n- name: PodSecurity\n  path: levels.yaml\n"),
        ] {
            let read = load(&text).expect("a configuration");
            assert!(format!("{:?}", read.pod_security).contains("Baseline"), "{text}");
        }
        let none = load(&format!("{HEAD}plugins:\n- name: Unheard\n  path: levels.yaml\n"));
        assert!(!format!("{:?}", none.expect("nothing").pod_security).contains("Baseline"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let plugin = |part: &str| format!("{HEAD}plugins:\n- name: {part}\n");
        for (text, why) in [
            (
                "kind: Pod\n".to_owned(),
                "no kind \"Pod\" is registered for version \"\"; \
             AdmissionConfiguration of apiserver.config.k8s.io/v1 is",
            ),
            (format!("{HEAD}plugin: []\n"), "strict decoding error: unknown field \"plugin\""),
            (
                plugin("PodSecurity\n  file: x"),
                "strict decoding error: unknown field \"plugins[0].file\"",
            ),
            (
                plugin("EventRateLimit\n  path: levels.yaml"),
                "this server has no configuration for EventRateLimit yet",
            ),
            (
                plugin("PodSecurity\n  path: none.yaml"),
                "unable to read admission control configuration from \"none.yaml\" [No such file \
                 or directory (os error 2)]",
            ),
        ] {
            let said = load(&text).expect_err("a refusal");
            assert_eq!(said, why, "{text}");
        }
    }
}
