//! The proxy between a client and its API server, and how a connection is made through it.
//!
//! A kubeconfig's `proxy-url` is taken as it stands; without one `HTTPS_PROXY` or `HTTP_PROXY` of
//! the environment is, but for loopback and what `NO_PROXY` lists. Mirrors
//! `clientcmdapi.Cluster.ProxyURL` (`k8s.io/client-go`) and `http.ProxyFromEnvironment` (Go's
//! `net/http`). A proxy is asked for a tunnel by `CONNECT` or SOCKS 5; one that is itself behind
//! TLS is refused by name.

use crate::ClientError;
use crate::error::chain;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::net::TcpStream;
use tower::{BoxError, Service};

/// The proxy that the environment asks for on the way to `server`.
///
/// # Errors
/// [`ClientError::Proxy`] when what is set is no address.
pub(crate) fn of_environment(
    server: &Uri,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Uri>, ClientError> {
    let either = |names: [&str; 2]| names.into_iter().filter_map(&variable).find(|v| !v.is_empty());
    let names = match server.scheme_str() {
        Some("https") => ["HTTPS_PROXY", "https_proxy"],
        _ => ["HTTP_PROXY", "http_proxy"],
    };
    let Some(proxy) = either(names) else { return Ok(None) };
    let exceptions = either(["NO_PROXY", "no_proxy"]).unwrap_or_default();
    if is_loopback(server) || is_listed(server, &exceptions) {
        return Ok(None);
    }
    proxy.parse().map(Some).map_err(|_| ClientError::Proxy)
}

fn is_loopback(server: &Uri) -> bool {
    let host = server.host().unwrap_or_default();
    let address = without_brackets(host).parse();
    host == "localhost" || address.is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Whether `NO_PROXY` lists the server: `*`, addresses, ranges, domains, each with a port or none.
fn is_listed(server: &Uri, exceptions: &str) -> bool {
    let of_its_port = |entry: &str| {
        let entry = entry.trim();
        let host = match entry.rsplit_once(':') {
            Some((host, wanted)) if !host.contains(':') || host.ends_with(']') => {
                (wanted == port(server).to_string()).then_some(host)?
            }
            _ => entry,
        };
        let host = without_brackets(host);
        Some(host.strip_prefix('*').filter(|domain| !domain.is_empty()).unwrap_or(host).to_owned())
    };
    let hosts: Vec<String> = exceptions.split(',').filter_map(of_its_port).collect();
    // The rules of a list are the library's; for them any proxy will do. `*` is no address to it.
    let matcher = Matcher::builder().all("http://any").no(hosts.join(",")).build();
    hosts.iter().any(|host| host == "*") || matcher.intercept(server).is_none()
}

/// An IPv6 address as it stands outside of a URL.
fn without_brackets(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn port(server: &Uri) -> u16 {
    let usual = if server.scheme_str() == Some("https") { 443 } else { 80 };
    server.port_u16().unwrap_or(usual)
}

/// Opens connections to one server.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    way: Way,
    /// Who is asked, said before what went wrong; empty for the server itself.
    asked: String,
}

#[derive(Clone, Debug)]
enum Way {
    Direct(HttpConnector),
    Tunnel(Tunnel<HttpConnector>),
    Socks(SocksV5<HttpConnector>),
}

impl Dial {
    /// By way of `proxy` where there is one.
    ///
    /// # Errors
    /// [`ClientError::Proxy`] when it is none that can be asked.
    pub(crate) fn new(
        tcp: HttpConnector,
        server: &Uri,
        proxy: Option<&Uri>,
    ) -> Result<Self, ClientError> {
        let Some(proxy) = proxy else {
            return Ok(Self { way: Way::Direct(tcp), asked: String::new() });
        };
        // The library takes the user and password out of the address.
        let found = Matcher::builder().all(proxy.to_string()).build().intercept(server);
        let found = found.ok_or(ClientError::Proxy)?;
        let address = found.uri().clone();
        let asked = format!("proxy {address}: ");
        let way = match address.scheme_str() {
            Some("http") => {
                let tunnel = Tunnel::new(address, tcp);
                Way::Tunnel(match found.basic_auth() {
                    Some(secret) => tunnel.with_auth(secret.clone()),
                    None => tunnel,
                })
            }
            Some("socks5" | "socks5h") => {
                let socks = SocksV5::new(address, tcp);
                Way::Socks(match found.raw_auth() {
                    Some((user, password)) => socks.with_auth(user.into(), password.into()),
                    None => socks,
                })
            }
            _ => return Err(ClientError::Proxy),
        };
        Ok(Self { way, asked })
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match &mut self.way {
            Way::Direct(tcp) => tcp.poll_ready(context).map_err(BoxError::from),
            Way::Tunnel(tunnel) => tunnel.poll_ready(context).map_err(BoxError::from),
            Way::Socks(socks) => socks.poll_ready(context).map_err(BoxError::from),
        }
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let asked = self.asked.clone();
        match &mut self.way {
            Way::Direct(tcp) => {
                let connecting = tcp.call(server);
                Box::pin(async { Ok(connecting.await?) })
            }
            Way::Tunnel(tunnel) => {
                let connecting = tunnel.call(server);
                Box::pin(async move { connecting.await.map_err(|error| said(&asked, &error)) })
            }
            Way::Socks(socks) => {
                let connecting = socks.call(with_port(server));
                Box::pin(async move { connecting.await.map_err(|error| said(&asked, &error)) })
            }
        }
    }
}

fn said(asked: &str, error: &(dyn Error + 'static)) -> BoxError {
    format!("{asked}{}", chain(error)).into()
}

/// The library's SOCKS knows no usual ports.
fn with_port(server: Uri) -> Uri {
    let authority = format!("{}:{}", server.host().unwrap_or_default(), port(&server));
    let mut parts = server.into_parts();
    parts.authority = authority.parse().ok();
    Uri::from_parts(parts).expect("parts of an address, with another authority")
}

#[cfg(test)]
mod tests;
