//! Against a real server behind TLS: how many connections requests take, and when they end.

use super::*;
use http_body_util::{Either, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use rustls::pki_types::PrivateKeyDer;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A server that says which versions of HTTP it has, and counts its connections. `/watch` answers
/// with one line and then with silence.
struct Server {
    config: Config,
    connections: Arc<AtomicUsize>,
    _accepting: runtime::Task<()>,
}

impl Server {
    async fn start(versions: &[&[u8]]) -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a pair");
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .expect("a pair");
        tls.alpn_protocols = versions.iter().map(|version| version.to_vec()).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        let mut config = Config::new(url.parse().expect("a URL"));
        config.root_cert = Some(vec![certificate.to_vec()]);
        let connections = Arc::new(AtomicUsize::new(0));
        let accepting = serve(listener, Arc::new(tls), connections.clone());
        Self { config, connections, _accepting: runtime::spawn("server", accepting) }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }
}

async fn serve(
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    connections: Arc<AtomicUsize>,
) {
    let acceptor = TlsAcceptor::from(tls);
    while let Ok((socket, _)) = listener.accept().await {
        let (acceptor, connections) = (acceptor.clone(), connections.clone());
        let connection = async move {
            let Ok(stream) = acceptor.accept(socket).await else { return };
            connections.fetch_add(1, Ordering::AcqRel);
            let builder = Builder::new(TokioExecutor::new());
            let served = builder.serve_connection(TokioIo::new(stream), service_fn(answer));
            let _the_client_went_away = served.await;
        };
        runtime::spawn("connection", connection).detach();
    }
}

async fn answer(
    request: Request<Incoming>,
) -> Result<Response<impl hyper::body::Body<Data = Bytes, Error = BoxError>>, Infallible> {
    let body = match request.uri().path() {
        "/watch" => {
            let line = futures::stream::iter([Ok::<_, BoxError>(Frame::data(Bytes::from_static(
                b"{}\n",
            )))]);
            let silence = futures::stream::pending();
            Either::Left(StreamBody::new(futures::StreamExt::chain(line, silence)))
        }
        _ => Either::Right(Empty::new()),
    };
    Ok(Response::new(body))
}

async fn get(transport: &Transport, path: &str) -> Response<Answer> {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    transport.clone().oneshot(request).await.expect("an answer")
}

#[tokio::test]
async fn watches_share_a_connection_until_it_has_no_stream_to_spare() {
    let server = Server::start(&[b"h2", b"http/1.1"]).await;
    let transport = to_server(&server.config).expect("a transport");
    let mut watches = Vec::new();
    for _ in 0..limits::STREAMS_PER_CONNECTION {
        watches.push(get(&transport, "/watch").await);
    }
    assert_eq!(server.connections(), 1);
    watches.push(get(&transport, "/watch").await);
    assert_eq!(server.connections(), 2);

    watches.clear();
    for _ in 0..limits::STREAMS_PER_CONNECTION {
        watches.push(get(&transport, "/watch").await);
    }
    drop(get(&transport, "/watch").await);
    assert_eq!(server.connections(), 2, "streams that have ended are there to be used again");
}

#[tokio::test]
async fn every_watch_brings_its_lines() {
    let server = Server::start(&[b"h2"]).await;
    let transport = to_server(&server.config).expect("a transport");
    let mut watches = Vec::new();
    for _ in 0..3 {
        watches.push(get(&transport, "/watch").await.into_body());
    }
    for watch in &mut watches {
        let frame = watch.frame().await.expect("a frame").expect("no error");
        assert_eq!(frame.into_data().expect("data"), "{}\n");
    }
}

#[tokio::test]
async fn a_server_without_http2_has_a_connection_for_each_watch() {
    let server = Server::start(&[b"http/1.1"]).await;
    let transport = to_server(&server.config).expect("a transport");
    let mut watches = Vec::new();
    for _ in 0..3 {
        watches.push(get(&transport, "/watch").await);
    }
    assert_eq!(server.connections(), 3);
}
