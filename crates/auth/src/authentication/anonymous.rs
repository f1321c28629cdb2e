//! People who show nothing. Mirrors `k8s.io/apiserver/pkg/authentication/request/anonymous`.

use super::Authenticated;
use crate::{UserInfo, group, names};

/// Lets people in who show nothing, under one name.
#[derive(Clone, Debug, Default)]
pub struct Anonymous {
    paths: Vec<String>,
}

impl Anonymous {
    /// On every path: `--anonymous-auth=true`.
    pub fn everywhere() -> Self {
        Self::default()
    }

    /// On these paths only, as an `AuthenticationConfiguration` may say.
    pub fn on_paths(paths: Vec<String>) -> Self {
        Self { paths }
    }

    /// Who someone without a credential is on this path; `None` where they are nobody.
    pub(super) fn answer(&self, path: &str) -> Option<Authenticated> {
        let here = self.paths.is_empty() || self.paths.iter().any(|allowed| allowed == path);
        here.then(|| Authenticated::new(UserInfo::new(names::ANONYMOUS, &[group::UNAUTHENTICATED])))
    }
}
