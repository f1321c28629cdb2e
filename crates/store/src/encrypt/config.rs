//! The file of `--encryption-provider-config`, of both generations: `EncryptionConfiguration`
//! of `apiserver.config.k8s.io/v1`, and `EncryptionConfig` of `v1`.
//!
//! It is read strictly, and an error is one line that names the file, the field and the key's
//! name, and never a secret. Mirrors `k8s.io/apiserver/pkg/apis/apiserver/validation` and
//! `pkg/server/options/encryptionconfig`. KMS providers are refused.

use super::chain::{Chain, Kind, Provider};
use super::tree::Node;
use super::{aescbc, aesgcm, secretbox};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing};

/// The providers that have keys.
const KINDS: [&Kind; 3] = [&aesgcm::KIND, &aescbc::KIND, &secretbox::KIND];

/// Every resource, or every group.
pub(super) const ANY: &str = "*";

/// Go's decoder lets the last bits be anything.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// What is wrong with the configuration, in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// A configuration that is right.
#[derive(Debug)]
pub struct Config {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    resources: Vec<GroupResource>,
    providers: Vec<Arc<Provider>>,
}

/// A resource of a group; either may be `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GroupResource {
    pub(super) group: String,
    pub(super) resource: String,
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// One line that names the file.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let at = |why: &dyn std::fmt::Display| {
            let file = file.display();
            ConfigError(format!("encryption provider configuration file \"{file}\": {why}"))
        };
        let text = std::fs::read_to_string(file).map_err(|error| at(&error))?;
        Self::parse(&Zeroizing::new(text)).map_err(|error| at(&error))
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    /// One line; of several mistakes all are told, as upstream does.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let mut tree: Value = serde_saphyr::from_str(text).map_err(|error| {
            // The parser's own message may show a piece of the text.
            ConfigError(match error.location() {
                Some(at) => {
                    format!("it is not valid YAML: line {}, column {}", at.line(), at.column())
                }
                None => "it is not valid YAML".to_owned(),
            })
        })?;
        let mut mistakes = Vec::new();
        let rules = read(&Node::root(&tree), &mut mistakes).map_err(ConfigError);
        wipe(&mut tree);
        let rules = rules?;
        match &mistakes[..] {
            [] => {}
            [one] => return Err(ConfigError(one.clone())),
            _ => return Err(ConfigError(format!("[{}]", mistakes.join(", ")))),
        }
        let config = Self { rules };
        config.refuse_masked()?;
        Ok(config)
    }

    /// The providers of each resource: those of all rules that name it, one after the other.
    pub(super) fn chains(&self) -> Vec<(GroupResource, Chain)> {
        let mut chains: Vec<(GroupResource, Chain)> = Vec::new();
        for rule in &self.rules {
            for resource in &rule.resources {
                let at = chains.iter().position(|(known, _)| known == resource);
                let at = at.unwrap_or_else(|| {
                    chains.push((resource.clone(), Chain::default()));
                    chains.len() - 1
                });
                chains[at].1.extend(&rule.providers);
            }
        }
        chains
    }

    /// A rule after a wider one would never be asked.
    fn refuse_masked(&self) -> Result<(), ConfigError> {
        let mut earlier: Vec<&GroupResource> = Vec::new();
        for resource in self.rules.iter().flat_map(|rule| &rule.resources) {
            let group = GroupResource { group: resource.group.clone(), resource: ANY.into() };
            let all = GroupResource { group: ANY.into(), resource: ANY.into() };
            if let Some(mask) = [group, all].iter().find(|mask| earlier.contains(mask)) {
                let (masked, mask) = (resource.text(), mask.text());
                return Err(ConfigError(format!(
                    "resource \"{masked}\" is masked by earlier rule \"{mask}\""
                )));
            }
            earlier.push(resource);
        }
        Ok(())
    }
}

impl GroupResource {
    fn parse(text: &str) -> Self {
        let (resource, group) = text.split_once('.').unwrap_or((text, ""));
        Self { group: group.to_owned(), resource: resource.to_owned() }
    }

    fn text(&self) -> String {
        match (self.group.as_str(), self.resource.as_str()) {
            ("", ANY) => "*.".to_owned(),
            ("", resource) => resource.to_owned(),
            (group, resource) => format!("{resource}.{group}"),
        }
    }
}

/// The tree has the keys' text in it.
fn wipe(tree: &mut Value) {
    match tree {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// An error is a tree that can't be read at all; what can be read and is wrong is a mistake.
fn read(root: &Node<'_>, mistakes: &mut Vec<String>) -> Result<Vec<Rule>, String> {
    let fields = root.fields(&["kind", "apiVersion", "resources"])?;
    match (fields.text("kind")?, fields.text("apiVersion")?) {
        ("EncryptionConfiguration", "apiserver.config.k8s.io/v1") | ("EncryptionConfig", "v1") => {}
        ("", _) => return Err("Object 'Kind' is missing".into()),
        (_, "") => return Err("Object 'apiVersion' is missing".into()),
        (kind, version) => {
            return Err(format!("no kind \"{kind}\" is registered for version \"{version}\""));
        }
    }
    let rules = fields.items("resources")?;
    if rules.is_empty() {
        mistakes.push("resources: Required value: at least one resources is required".into());
    }
    rules.iter().map(|rule| read_rule(rule, mistakes)).collect()
}

fn read_rule(rule: &Node<'_>, mistakes: &mut Vec<String>) -> Result<Rule, String> {
    let fields = rule.fields(&["resources", "providers"])?;
    for field in ["resources", "providers"] {
        if fields.items(field)?.is_empty() {
            let path = format!("{}.{field}", rule.path);
            mistakes.push(format!("{path}: Required value: at least one {path} is required"));
        }
    }
    let mut resources = Vec::new();
    let names = fields.items("resources")?;
    for name in &names {
        let text = name.text()?;
        if let Some(why) = refuse_resource(text) {
            mistakes.push(format!("{}: Invalid value: \"{text}\": {why}", name.path));
        }
        resources.push(GroupResource::parse(text));
    }
    if let Some(why) = refuse_overlap(&resources) {
        let names: Result<Vec<_>, _> = names.iter().map(Node::text).collect();
        let list = Value::from(names?);
        mistakes.push(format!("{}.resources: Invalid value: {list}: {why}", rule.path));
    }
    let mut providers = Vec::new();
    for provider in fields.items("providers")? {
        providers.extend(read_provider(&provider, mistakes)?.map(Arc::new));
    }
    Ok(Rule { resources, providers })
}

fn refuse_resource(name: &str) -> Option<&'static str> {
    let GroupResource { group, resource } = GroupResource::parse(name);
    if name.chars().any(char::is_uppercase) {
        Some("resource name should not contain capital letters")
    } else if name == ANY {
        Some(
            "use '*.' to encrypt all the resources from core API group or *.* to encrypt all \
             resources",
        )
    } else if ["apiserveripinfo", "serviceipallocations", "servicenodeportallocations"]
        .contains(&name)
    {
        Some("resources which do not have REST API/s cannot be encrypted")
    } else if group == "events.k8s.io" {
        Some(
            "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use \
             'events' instead in the config file",
        )
    } else if group == "extensions" {
        Some("'extensions' group has been removed and cannot be used for encryption")
    } else if group == ANY && resource != ANY {
        Some("encrypting the same resource across groups is not supported")
    } else {
        None
    }
}

fn refuse_overlap(resources: &[GroupResource]) -> Option<&'static str> {
    let pairs = || {
        let later = |at: usize| resources[at + 1..].iter();
        resources.iter().enumerate().flat_map(move |(at, one)| later(at).map(move |two| (one, two)))
    };
    let everything = |one: &GroupResource| one.group == ANY && one.resource == ANY;
    let overlap = |one: &GroupResource, two: &GroupResource| {
        one != two
            && (everything(one)
                || everything(two)
                || (one.group == two.group && (one.resource == ANY || two.resource == ANY)))
    };
    if pairs().any(|(one, two)| one == two) {
        Some("the same resource cannot be specified multiple times")
    } else if pairs().any(|(one, two)| overlap(one, two)) {
        Some(
            "using overlapping resources such as 'secrets' and '*.' in the same resource list is \
             not allowed as they will be masked",
        )
    } else {
        None
    }
}

/// `None` where a mistake was noted.
fn read_provider(
    provider: &Node<'_>,
    mistakes: &mut Vec<String>,
) -> Result<Option<Provider>, String> {
    let fields = provider.fields(&["aesgcm", "aescbc", "secretbox", "identity", "kms"])?;
    let kinds: Vec<_> = KINDS.iter().filter(|kind| fields.get(kind.field).is_some()).collect();
    let (identity, kms) = (fields.get("identity"), fields.get("kms"));
    let path = &provider.path;
    match kinds.len() + usize::from(identity.is_some()) + usize::from(kms.is_some()) {
        0 => mistakes.push(format!(
            "{path}: Invalid value: provider does not contain any of the expected providers: KMS, \
             AESGCM, AESCBC, Secretbox, Identity"
        )),
        1 => {
            if let Some(identity) = identity {
                identity.fields(&[])?;
                return Ok(Some(Provider::Identity));
            }
            if let Some(kms) = kms {
                mistakes.push(format!("{}: KMS providers are not supported", kms.path));
            }
            if let [kind] = kinds[..] {
                let Some(node) = fields.get(kind.field) else { return Ok(None) };
                return read_keys(kind, &node, mistakes);
            }
        }
        _ => mistakes.push(format!(
            "{path}: Invalid value: more than one provider specified in a single element, should \
             split into different list elements"
        )),
    }
    Ok(None)
}

fn read_keys(
    kind: &'static Kind,
    node: &Node<'_>,
    mistakes: &mut Vec<String>,
) -> Result<Option<Provider>, String> {
    let items = node.fields(&["keys"])?.items("keys")?;
    if items.is_empty() {
        mistakes.push(format!("{}.keys: Required value: at least one keys is required", node.path));
    }
    let mut keys = Vec::new();
    for item in &items {
        let fields = item.fields(&["name", "secret"])?;
        let name = fields.text("name")?;
        let path = &item.path;
        if name.is_empty() {
            mistakes
                .push(format!("{path}.name: Required value: name is a mandatory field for a key"));
        }
        match read_secret(kind, fields.text("secret")?) {
            Ok(secret) => {
                keys.extend((kind.cipher)(&secret).map(|cipher| (format!("{name}:"), cipher)));
            }
            Err(why) => mistakes.push(format!("{path}.secret: {why} (key \"{name}\")")),
        }
    }
    Ok(Some(Provider::Keys { kind, keys }))
}

fn read_secret(kind: &Kind, text: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    if text.is_empty() {
        return Err("Required value: secret is a mandatory field for a key".into());
    }
    let refused = |why: &str| format!("Invalid value: \"REDACTED\": {why}");
    // Go's decoder skips line ends.
    let text: Zeroizing<String> = Zeroizing::new(text.replace(['\r', '\n'], ""));
    let secret = BASE64
        .decode(text.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| refused("secrets must be base64 encoded"))?;
    if !kind.key_bytes.contains(&secret.len()) {
        let sizes: Vec<_> = kind.key_bytes.iter().map(usize::to_string).collect();
        return Err(refused(&format!(
            "secret is not of the expected length, got {}, expected one of [{}]",
            secret.len(),
            sizes.join(" ")
        )));
    }
    Ok(secret)
}
