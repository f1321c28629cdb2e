//! Which resources the API server has, asked when it matters.
//!
//! Mirrors `ServerPreferredResources` of `k8s.io/client-go/discovery`: each resource once, in its
//! group's preferred version. A group that can't be asked (an aggregated server that is away) is
//! named, and the rest is given all the same.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIGroup, APIResource};
use kube::Client;
use serde::Deserialize;
use serde_json::Value;

/// The Accept header for discovery in one answer.
const AGGREGATED: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/// One kind of object, where to find it, and what can be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) kind: String,
    pub(crate) namespaced: bool,
    verbs: Vec<String>,
}

/// What discovery gave.
#[derive(Debug, Default)]
pub(crate) struct Discovered {
    pub(crate) resources: Vec<Resource>,
    /// Group versions that could not be asked, and why.
    pub(crate) failed: Vec<(String, String)>,
}

impl Resource {
    /// A resource with every verb.
    #[cfg(test)]
    pub(crate) fn for_tests(group: &str, version: &str, plural: &str, kind: &str) -> Self {
        let [group, version, plural, kind] = [group, version, plural, kind].map(str::to_owned);
        let verbs = ["list", "watch", "delete"].map(str::to_owned).to_vec();
        Self { group, version, plural, kind, namespaced: true, verbs }
    }

    pub(crate) fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|known| known == verb)
    }

    /// `group/version`, or only the version for the core group.
    pub(crate) fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// The path of its collection in `namespace`, or of the whole.
    pub(crate) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let version = self.api_version();
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!("{root}/{version}/namespaces/{namespace}/{}", self.plural),
            None => format!("{root}/{version}/{}", self.plural),
        }
    }
}

/// Asks for everything.
///
/// # Errors
/// When not even the list of groups can be had.
pub(crate) async fn discover(client: &Client) -> Result<Discovered, kube::Error> {
    let mut found = Discovered::default();
    if aggregated(client, "/api", &mut found).await? {
        aggregated(client, "/apis", &mut found).await?;
        return Ok(found);
    }
    let groups = client.list_api_groups().await?.groups;
    read_version(client, "", "v1", &mut found).await;
    for group in groups {
        for version in versions(&group) {
            read_version(client, &group.name, &version, &mut found).await;
        }
    }
    Ok(found)
}

/// The versions of a group, the preferred one first.
fn versions(group: &APIGroup) -> Vec<String> {
    let preferred = group.preferred_version.as_ref().map(|version| version.version.clone());
    let rest = group.versions.iter().map(|version| version.version.clone());
    let mut versions: Vec<String> = preferred.iter().cloned().collect();
    versions.extend(rest.filter(|version| Some(version) != preferred.as_ref()));
    versions
}

async fn read_version(client: &Client, group: &str, version: &str, found: &mut Discovered) {
    let name = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let listed = if group.is_empty() {
        client.list_core_api_resources(version).await
    } else {
        client.list_api_group_resources(&name).await
    };
    match listed {
        Ok(listed) => {
            for resource in listed.resources {
                add(group, version, resource, &mut found.resources);
            }
        }
        Err(error) => found.failed.push((name, client::message(&error))),
    }
}

fn add(group: &str, version: &str, resource: APIResource, found: &mut Vec<Resource>) {
    let is_known = found.iter().any(|known| known.group == group && known.plural == resource.name);
    if resource.name.contains('/') || is_known {
        return;
    }
    found.push(Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        plural: resource.name,
        kind: resource.kind,
        namespaced: resource.namespaced,
        verbs: resource.verbs,
    });
}

/// Asks `root` for all of its groups at once; `false` when the server knows no such answer.
async fn aggregated(
    client: &Client,
    root: &str,
    found: &mut Discovered,
) -> Result<bool, kube::Error> {
    let request = http::Request::get(root)
        .header(http::header::ACCEPT, AGGREGATED)
        .body(Vec::new())
        .map_err(kube::Error::HttpError)?;
    let answer: Value = client.request(request).await?;
    if answer["kind"] != "APIGroupDiscoveryList" {
        return Ok(false);
    }
    let list: GroupList = serde_json::from_value(answer).map_err(kube::Error::SerdeError)?;
    for group in list.items {
        for version in group.versions {
            let name = &group.metadata.name;
            if version.freshness == "Stale" {
                let stale = format!("{name}/{}", version.version);
                let why = format!("stale GroupVersion discovery: {stale}");
                found.failed.push((stale, why));
            }
            for resource in version.resources {
                let Some(kind) = resource.response_kind else { continue };
                let resource = APIResource {
                    name: resource.resource,
                    kind: kind.kind,
                    namespaced: resource.scope == "Namespaced",
                    verbs: resource.verbs,
                    ..APIResource::default()
                };
                add(name, &version.version, resource, &mut found.resources);
            }
        }
    }
    Ok(true)
}

/// `APIGroupDiscoveryList` of `apidiscovery.k8s.io/v2`, as far as it is read. Versions come with
/// the preferred one first.
#[derive(Deserialize)]
struct GroupList {
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: GroupMeta,
    #[serde(default)]
    versions: Vec<GroupVersion>,
}

#[derive(Default, Deserialize)]
struct GroupMeta {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
    #[serde(default)]
    resources: Vec<GroupResource>,
    #[serde(default)]
    freshness: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupResource {
    resource: String,
    response_kind: Option<ResponseKind>,
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct ResponseKind {
    kind: String,
}
