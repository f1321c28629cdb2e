//! The `scale` subresource of any kind: how many replicas something asks for.
//!
//! Finds a kind's path by discovery at the moment it is asked for. Mirrors `k8s.io/client-go/scale`
//! with the part of a RESTMapper that it needs.

use client::is_not_found;
use k8s_openapi::api::autoscaling::v1::Scale;
use kube::Client;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Kinds that are remembered; more are asked for each time.
const MAPPINGS_MAX: usize = 1024;

/// Why a scale could not be found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScaleError {
    /// There is no such kind.
    #[error("no matches for kind {kind:?} in version {api_version:?}")]
    NoMatch {
        /// The kind.
        kind: String,
        /// Group and version.
        api_version: String,
    },
    /// There is no such kind in any version.
    #[error("no matches for kind {kind:?} in group {group:?}")]
    NoMatchInGroup {
        /// The kind.
        kind: String,
        /// The group.
        group: String,
    },
    /// The kind has no `scale`; this is its resource, `jobs.batch`.
    #[error("{0} does not implement the scale subresource")]
    NotScalable(String),
    /// The API server's answer.
    #[error("{}", client::message(.0))]
    Api(#[from] kube::Error),
}

/// Where a kind's objects are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// `apps/v1`, or `v1`.
    api_version: String,
    plural: String,
    has_scale: bool,
}

impl Mapping {
    /// Finds `kind` in `api_version`.
    ///
    /// # Errors
    /// [`ScaleError::NoMatch`], or what the API server says to discovery.
    pub(crate) async fn find(
        client: &Client,
        api_version: &str,
        kind: &str,
    ) -> Result<Self, ScaleError> {
        let no_match =
            || ScaleError::NoMatch { kind: kind.to_owned(), api_version: api_version.to_owned() };
        let listed = if api_version.contains('/') {
            client.list_api_group_resources(api_version).await
        } else {
            client.list_core_api_resources(api_version).await
        };
        let resources = match listed {
            Ok(listed) => listed.resources,
            Err(error) if is_not_found(&error) => return Err(no_match()),
            Err(error) => return Err(error.into()),
        };
        let is_it = |name: &str, of: &str| of == kind && !name.contains('/');
        let found = resources.iter().find(|resource| is_it(&resource.name, &resource.kind));
        let plural = found.ok_or_else(no_match)?.name.clone();
        let scale = format!("{plural}/scale");
        let has_scale =
            resources.iter().any(|resource| resource.name == scale && resource.kind == "Scale");
        Ok(Self { api_version: api_version.to_owned(), plural, has_scale })
    }

    /// `deployments.apps`, or `pods`.
    pub(crate) fn group_resource(&self) -> String {
        match self.api_version.split_once('/') {
            Some((group, _)) => format!("{}.{group}", self.plural),
            None => self.plural.clone(),
        }
    }

    /// The path of an object's scale.
    pub(crate) fn path(&self, namespace: &str, name: &str) -> String {
        let root = if self.api_version.contains('/') { "/apis" } else { "/api" };
        let (version, plural) = (&self.api_version, &self.plural);
        format!("{root}/{version}/namespaces/{namespace}/{plural}/{name}/scale")
    }

    /// Reads the scale of an object; `None` when there is no such object.
    ///
    /// # Errors
    /// [`ScaleError`].
    pub(crate) async fn get(
        &self,
        client: &Client,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Scale>, ScaleError> {
        match read(client, &self.path(namespace, name)).await {
            Ok(scale) => Ok(Some(scale)),
            Err(error) if !is_not_found(&error) => Err(error.into()),
            Err(_) if !self.has_scale => Err(ScaleError::NotScalable(self.group_resource())),
            Err(_) => Ok(None),
        }
    }
}

/// Mappings that were asked for before. What fails is asked for anew.
#[derive(Debug, Default)]
pub(crate) struct Mappings(Mutex<HashMap<(String, String), Mapping>>);

impl Mappings {
    /// Finds `kind` in `api_version`, or in another version of its group.
    ///
    /// # Errors
    /// [`ScaleError`].
    pub(crate) async fn find(
        &self,
        client: &Client,
        api_version: &str,
        kind: &str,
    ) -> Result<Mapping, ScaleError> {
        let key = (api_version.to_owned(), kind.to_owned());
        if let Some(known) = self.lock().get(&key) {
            return Ok(known.clone());
        }
        let found = match Mapping::find(client, api_version, kind).await {
            Err(ScaleError::NoMatch { .. }) => in_group(client, api_version, kind).await?,
            found => found?,
        };
        if self.lock().len() < MAPPINGS_MAX {
            self.lock().insert(key, found.clone());
        }
        Ok(found)
    }

    /// Forgets `kind`: something is wrong with what is known of it.
    pub(crate) fn forget(&self, api_version: &str, kind: &str) {
        self.lock().remove(&(api_version.to_owned(), kind.to_owned()));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Mapping>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn in_group(client: &Client, api_version: &str, kind: &str) -> Result<Mapping, ScaleError> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let known = client.list_api_groups().await?.groups;
    let mut versions: Vec<String> = known
        .into_iter()
        .filter(|known| known.name == group)
        .flat_map(|known| known.versions)
        .map(|version| version.group_version)
        .collect();
    if group.is_empty() {
        versions.push("v1".into());
    }
    for version in versions.iter().filter(|version| *version != api_version) {
        match Mapping::find(client, version, kind).await {
            Err(ScaleError::NoMatch { .. }) => {}
            found => return found,
        }
    }
    Err(ScaleError::NoMatchInGroup { kind: kind.to_owned(), group: group.to_owned() })
}

/// Reads the scale at `path`.
///
/// # Errors
/// The API server's answer.
pub(crate) async fn read(client: &Client, path: &str) -> Result<Scale, kube::Error> {
    let request = http::Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)?;
    client.request(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        let of = |api_version: &str, plural: &str| Mapping {
            api_version: api_version.into(),
            plural: plural.into(),
            has_scale: true,
        };
        let core = of("v1", "replicationcontrollers");
        assert_eq!(core.path("ns", "a"), "/api/v1/namespaces/ns/replicationcontrollers/a/scale");
        assert_eq!(core.group_resource(), "replicationcontrollers");
        let apps = of("apps/v1", "deployments");
        assert_eq!(apps.path("ns", "a"), "/apis/apps/v1/namespaces/ns/deployments/a/scale");
        assert_eq!(apps.group_resource(), "deployments.apps");
    }
}
