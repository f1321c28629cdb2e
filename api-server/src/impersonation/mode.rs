//! The modes of impersonation: for whom each is, and by which verb it asks. Mirrors `mode.go` of
//! upstream's package.

use auth::{UserInfo, names};
use object::names::dns1123_subdomain;
use std::sync::Arc;

/// Of a service account's token: the node of its pod.
const NODE_NAME: &str = "authentication.kubernetes.io/node-name";
/// What the authorizers of `associated-node` see of a token: which keys it had.
const NODE_KEYS: &str = "authentication.kubernetes.io/associated-node-keys";

/// One way to become somebody else.
#[derive(Debug)]
pub(super) struct Mode {
    /// Upstream's name of it.
    pub(super) name: &'static str,
    /// Whether it asks for its own verbs.
    pub(super) constrained: bool,
    /// Whether whoever may be a node of it may be each of them.
    pub(super) any_node: bool,
    /// Whether it is the only one: then the UID is asked for last, and nothing is counted.
    pub(super) alone: bool,
    /// Whether it is for this wanted user and this one who asks.
    fits: fn(&UserInfo, &UserInfo) -> bool,
}

/// In the order in which they are asked.
pub(super) static MODES: [Mode; 5] = [
    Mode {
        any_node: true,
        ..constrained("associated-node", |wanted, asking| {
            only_named(wanted) && on_its_node(asking, &wanted.name)
        })
    },
    constrained("arbitrary-node", |wanted, _| only_named(wanted) && node(&wanted.name).is_some()),
    constrained("serviceaccount", |wanted, _| {
        only_named(wanted) && wanted.service_account().is_some()
    }),
    constrained("user-info", |wanted, _| {
        node(&wanted.name).is_none() && wanted.service_account().is_none()
    }),
    LEGACY,
];

/// What there is where the feature gate is off.
pub(super) static ALONE: Mode = Mode { alone: true, ..LEGACY };

const LEGACY: Mode = Mode { constrained: false, ..constrained("legacy", |_, _| true) };

const fn constrained(name: &'static str, fits: fn(&UserInfo, &UserInfo) -> bool) -> Mode {
    Mode { name, constrained: true, any_node: false, alone: false, fits }
}

impl Mode {
    /// Whether it is for this wanted user and this one who asks.
    pub(super) fn is_for(&self, wanted: &UserInfo, asking: &UserInfo) -> bool {
        (self.fits)(wanted, asking)
    }

    /// The one who asks, as the authorizers are to see them.
    pub(super) fn asking(&self, user: &Arc<UserInfo>) -> Arc<UserInfo> {
        if self.any_node { Arc::new(without_node(user)) } else { user.clone() }
    }

    /// The verb that is asked for about each part of the user.
    pub(super) fn verb(&self) -> String {
        match self.constrained {
            true => format!("impersonate:{}", self.name),
            false => "impersonate".to_owned(),
        }
    }
}

/// The node's name when a user's is that of a node.
pub(super) fn node(username: &str) -> Option<&str> {
    let name = username.strip_prefix(names::NODE_PREFIX)?;
    dns1123_subdomain(name).is_empty().then_some(name)
}

fn only_named(user: &UserInfo) -> bool {
    user.uid.is_empty() && user.groups.is_empty() && user.extra.is_empty()
}

/// Whether the one who asks is a service account whose token is of a pod on this node.
fn on_its_node(asking: &UserInfo, username: &str) -> bool {
    let Some(wanted) = node(username) else { return false };
    let own = asking.extra.get(NODE_NAME).map(Vec::as_slice);
    asking.service_account().is_some() && matches!(own, Some([name]) if name == wanted)
}

/// A service account, the same one whatever its node is.
fn without_node(asking: &UserInfo) -> UserInfo {
    let keys = asking.extra.keys().cloned().collect();
    UserInfo { extra: [(NODE_KEYS.to_owned(), keys)].into(), ..asking.clone() }
}
