//! What the three programs call themselves: the start of a `User-Agent` is the manager of the
//! fields that a request writes, and audit logs name it.
//!
//! Mirrors `DefaultKubernetesUserAgent` and `AddUserAgent` (`k8s.io/client-go/rest`).

use crate::connect::from_service;
use http::{HeaderName, HeaderValue, Request, Response, header::USER_AGENT};
use kube::client::Body;
use tower::{BoxError, Service, ServiceExt as _};

/// The header of `program`, such as `kube-scheduler`; `None` where it has no name.
pub(crate) fn header(program: &str) -> Option<(HeaderName, HeaderValue)> {
    let text = concat!("/v", env!("CARGO_PKG_VERSION"), " (linux/amd64) kubernetes/");
    let value = HeaderValue::try_from(format!("{program}{text}")).ok()?;
    (!program.is_empty()).then_some((USER_AGENT, value))
}

/// As [`from_service`], for `program`.
pub fn from_service_of<S, B>(program: &str, service: S) -> kube::Client
where
    S: Service<Request<Body>, Response = Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: hyper::body::Body<Data = hyper::body::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let header = header(program);
    from_service(service.map_request(move |mut request: Request<Body>| {
        request.headers_mut().extend(header.clone());
        request
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::api::{Api, PostParams};
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    #[tokio::test]
    async fn a_program_says_its_name() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let heard = seen.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            heard.lock().expect("no panic").push(request.headers().get(USER_AGENT).cloned());
            std::future::ready(Ok::<_, Infallible>(Response::new(Body::from(
                br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#.to_vec(),
            ))))
        });
        let maps: Api<k8s_openapi::api::core::v1::ConfigMap> =
            Api::default_namespaced(from_service_of("kube-scheduler", service));
        maps.create(&PostParams::default(), &Default::default()).await.expect("a map");
        let seen = seen.lock().expect("no panic")[0].clone().expect("a name");
        assert!(seen.to_str().expect("text").starts_with("kube-scheduler/v1."), "{seen:?}");
    }

    #[test]
    fn who_has_no_name_says_none() {
        assert!(header("").is_none());
    }
}
