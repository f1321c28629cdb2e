//! What the three programs call themselves: the start of a `User-Agent` is the manager of the
//! fields that a request writes, and audit logs name it.
//!
//! Mirrors `DefaultKubernetesUserAgent` and `AddUserAgent` (`k8s.io/client-go/rest`).

use http::{HeaderName, HeaderValue, Request, Response, header::USER_AGENT};
use kube::client::Body;
use tower::{Service, ServiceExt as _};

/// The header of `program`, such as `kube-scheduler`; `None` where it has no name.
pub(crate) fn header(program: &str) -> Option<(HeaderName, HeaderValue)> {
    let text = concat!("/v", env!("CARGO_PKG_VERSION"), " (linux/amd64) kubernetes/");
    let value = HeaderValue::try_from(format!("{program}{text}")).ok()?;
    (!program.is_empty()).then_some((USER_AGENT, value))
}

/// `service`, whose requests say that they are `program`'s.
pub fn named<S, B>(
    program: &str,
    service: S,
) -> impl Service<Request<Body>, Response = Response<B>, Error = S::Error, Future = S::Future> + use<S, B>
where
    S: Service<Request<Body>, Response = Response<B>>,
{
    let header = header(program);
    service.map_request(move |mut request: Request<Body>| {
        request.headers_mut().extend(header.clone());
        request
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[tokio::test]
    async fn a_program_says_its_name() {
        let echo = tower::service_fn(|request: Request<Body>| {
            let name = request.headers().get(USER_AGENT).cloned();
            std::future::ready(Ok::<_, Infallible>(Response::new(name)))
        });
        let request = Request::new(Body::empty());
        let heard = named("kube-scheduler", echo).oneshot(request).await.expect("an answer");
        let name = heard.into_body().expect("a name");
        assert!(name.to_str().expect("text").starts_with("kube-scheduler/v1."), "{name:?}");
    }

    #[test]
    fn who_has_no_name_says_none() {
        assert!(header("").is_none());
    }
}
