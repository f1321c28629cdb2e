//! Parts of a resource with verbs of their own.
//!
//! What a part is, is data in the catalogue: the object itself of which some paths can be written,
//! a Scale over some paths, or one of the functions of the table below.

mod attach;
pub(crate) mod binding;
mod container;
mod dial;
mod eviction;
mod exec;
mod kubelet;
mod links;
mod log;
mod lookup;
mod node_proxy;
mod page;
mod pod_proxy;
mod port_forward;
mod proxy;
mod scale;
mod service_proxy;
mod streams;
mod token;
mod upgrade;
mod websocket;

pub use kubelet::KubeletOptions;
pub(crate) use kubelet::Kubelets;

use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use futures::future::BoxFuture;
use http::Response;
use kinds::Serves;
use object::{ApiError, Reason, Result};

/// Serves one subresource with code of its own.
type Special = for<'a> fn(&'a Api, &'a Ask) -> BoxFuture<'a, Result<Response<Body>>>;

/// The subresources with code of their own, by resource and name.
static SPECIAL: &[(&str, &str, Special)] = &[
    ("pods", "binding", |api, ask| Box::pin(binding::serve(api, ask))),
    ("pods", "eviction", |api, ask| Box::pin(eviction::serve(api, ask))),
    ("pods", "log", |api, ask| Box::pin(log::serve(api, ask))),
    ("serviceaccounts", "token", |api, ask| Box::pin(token::serve(api, ask))),
];

/// Serves one subresource that takes over the connection, or hands a request on.
pub(crate) type Connect = for<'a> fn(&'a Api, Ask, Body) -> BoxFuture<'a, Result<Response<Body>>>;

/// The subresources that lead out of this server, by resource and name.
static CONNECT: &[(&str, &str, Connect)] = &[
    ("nodes", "proxy", |api, ask, body| Box::pin(node_proxy::serve(api, ask, body))),
    ("pods", "attach", |api, ask, body| Box::pin(attach::serve(api, ask, body))),
    ("pods", "exec", |api, ask, body| Box::pin(exec::serve(api, ask, body))),
    ("pods", "portforward", |api, ask, body| Box::pin(port_forward::serve(api, ask, body))),
    ("pods", "proxy", |api, ask, body| Box::pin(pod_proxy::serve(api, ask, body))),
    ("services", "proxy", |api, ask, body| Box::pin(service_proxy::serve(api, ask, body))),
];

/// What serves the request, where it leads out of this server.
pub(crate) fn connect(ask: &Ask) -> Option<Connect> {
    let asked = (ask.kind.plural, ask.resource.subresource.as_str());
    CONNECT.iter().find(|(r, s, _)| (*r, *s) == asked).map(|(_, _, connect)| *connect)
}

/// Serves a subresource that doesn't.
pub(crate) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let name = ask.resource.subresource.as_str();
    let part = ask.kind.subresource(name).ok_or_else(ApiError::no_such_resource)?;
    match part.serves {
        Serves::Part(_) => crate::verbs::serve(api, ask).await,
        Serves::Scale { .. } => scale::serve(api, ask, &part.serves).await,
        Serves::Special => {
            let found = SPECIAL.iter().find(|(r, s, _)| *r == ask.kind.plural && *s == name);
            match found {
                Some((_, _, serve)) => serve(api, ask).await,
                None => {
                    let why = format!("{}/{name} is not served yet", ask.kind.plural);
                    Err(ApiError::new(501, Reason::Unknown, why))
                }
            }
        }
    }
}
