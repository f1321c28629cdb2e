//! What `pods/exec` and `pods/attach` share: the streams of a container, over the kubelet.
//!
//! The kubelet speaks SPDY and WebSocket itself. One that does not take the newer subprotocols
//! (older than 1.36) is not translated for: the client is refused, and kubectl then asks again in
//! SPDY.
//! Mirrors `pkg/registry/core/pod/strategy.go` (`streamLocation`, `streamParams`).

use super::kubelet::Kubelet;
use super::{container, lookup, upgrade};
use crate::Api;
use crate::ask::Ask;
use auth::Attributes;
use axum::body::Body;
use form_urlencoded::Serializer;
use http::{HeaderMap, Response};
use object::{ApiError, Result, meta};

/// The subprotocol whose clients can close one of the streams.
const CLOSES_STREAMS: &str = "v5.channel.k8s.io";

/// Which of the two.
pub(super) struct Part {
    /// The first word of the kubelet's path.
    pub path: &'static str,
    /// Whether there is a command in the query.
    pub has_command: bool,
}

pub(super) async fn serve_streams(api: &Api, ask: Ask, part: &Part) -> Result<Response<Body>> {
    allowed_to_create(api, &ask).await?;
    let pod =
        lookup::object(api, &ask, "pods", &ask.resource.namespace, &ask.resource.name).await?;
    let container = container::choose(&pod, ask.query.get("container"))?;
    let node = container::bound_node(&pod)?;
    let kubelet = lookup::kubelet(api, &ask, node).await?;
    refuse_unless(&ask, &kubelet, |name| name == CLOSES_STREAMS)?;
    let (namespace, name) = (meta::namespace(&pod), meta::name(&pod));
    let path = format!("/{}/{namespace}/{name}/{container}?{}", part.path, query(&ask, part));
    upgrade::pass(api, ask, &kubelet.backend, &path).await
}

/// Whether they may create the subresource: a GET, as WebSocket clients send it, must not do with
/// less than a POST.
pub(super) async fn allowed_to_create(api: &Api, ask: &Ask) -> Result<()> {
    if ask.verb == "create" {
        return Ok(());
    }
    let about = &ask.resource;
    let attributes = Attributes {
        version: about.version.clone(),
        path: ask.parts.uri.path().to_owned(),
        ..Attributes::resource(
            ask.authorized.user().clone(),
            "create",
            &about.group,
            &about.resource,
        )
    };
    let attributes = attributes
        .in_namespace(&about.namespace)
        .named(&about.name)
        .subresource(&about.subresource);
    api.access.authorize(attributes).await.map(drop)
}

/// Refuses a client of one of the newer subprotocols, unless the kubelet takes them.
pub(super) fn refuse_unless(
    ask: &Ask,
    kubelet: &Kubelet,
    is_newer: fn(&str) -> bool,
) -> Result<()> {
    if kubelet.takes_websockets {
        return Ok(());
    }
    match subprotocols(&ask.parts.headers).find(|name| is_newer(name)) {
        None => Ok(()),
        Some(name) => Err(ApiError::bad_request(format!(
            "unable to upgrade: the kubelet does not support the WebSocket subprotocol {name}, \
             use SPDY/3.1"
        ))),
    }
}

/// The subprotocols that a WebSocket client offers.
pub(super) fn subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all("sec-websocket-protocol").iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).map(str::trim)
}

/// The options in the kubelet's words.
fn query(ask: &Ask, part: &Part) -> String {
    let mut query = Serializer::new(String::new());
    if part.has_command {
        query.extend_pairs(ask.query.all("command").map(|word| ("command", word)));
    }
    for (ours, kubelets) in
        [("stderr", "error"), ("stdin", "input"), ("stdout", "output"), ("tty", "tty")]
    {
        if ask.query.flag(ours) {
            query.append_pair(kubelets, "1");
        }
    }
    query.finish()
}
