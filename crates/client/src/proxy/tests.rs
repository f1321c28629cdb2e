//! Which proxy is asked, as a table; and real ones that pass a connection on.

use super::*;
use hyper_util::client::legacy::connect::Connection as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpListener;

#[test]
fn the_environment_asks_for_a_proxy_but_for_loopback_and_what_it_lists() {
    const SERVER: &str = "https://10.0.0.1:6443";
    type Set = &'static [(&'static str, &'static str)];
    let cases: &[(&str, Set, Option<&str>)] = &[
        (SERVER, &[], None),
        (SERVER, &[("HTTPS_PROXY", "")], None),
        (SERVER, &[("HTTPS_PROXY", "http://proxy:3128")], Some("http://proxy:3128/")),
        (SERVER, &[("https_proxy", "proxy:3128")], Some("proxy:3128")),
        (
            SERVER,
            &[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:2")],
            Some("http://a:1/"),
        ),
        (SERVER, &[("HTTP_PROXY", "http://proxy:3128")], None),
        ("http://10.0.0.1:8080", &[("HTTP_PROXY", "http://a:1")], Some("http://a:1/")),
        ("https://127.0.0.1:6443", &[("HTTPS_PROXY", "http://a:1")], None),
        ("https://[::1]:6443", &[("HTTPS_PROXY", "http://a:1")], None),
        ("https://localhost:6443", &[("HTTPS_PROXY", "http://a:1")], None),
    ];
    for (server, set, expected) in cases {
        let variable = |name: &str| {
            set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
        };
        let server = server.parse().expect("an address");
        let found = of_environment(&server, variable).expect("a proxy or none");
        assert_eq!(found.map(|uri| uri.to_string()).as_deref(), *expected, "{server} {set:?}");
    }
    let set = |_: &str| Some("http://user:secret@".to_owned());
    let wrong = of_environment(&SERVER.parse().expect("an address"), set);
    assert!(!wrong.expect_err("no host").to_string().contains("secret"));
}

#[test]
fn the_environment_lists_whom_it_has_no_proxy_for() {
    for (server, list, listed) in [
        ("https://10.0.0.1:6443", "", false),
        ("https://10.0.0.1:6443", "*", true),
        ("https://10.0.0.1:6443", "10.0.0.2, 10.0.0.1", true),
        ("https://10.0.0.1:6443", "10.0.0.1:6443", true),
        ("https://10.0.0.1:6443", "10.0.0.1:443", false),
        ("https://10.0.0.1", "10.0.0.1:443", true),
        ("https://10.0.0.1:6443", "10.0.0.0/8", true),
        ("https://11.0.0.1:6443", "10.0.0.0/8", false),
        ("https://[fd00::1]:6443", "fd00::1", true),
        ("https://[fd00::1]:6443", "[fd00::1]:6443", true),
        ("https://[fd00::1]:6443", "[fd00::1]:1", false),
        ("https://api.example.com", "example.com", true),
        ("https://api.example.com", ".example.com", true),
        ("https://api.example.com", "*.example.com", true),
        ("https://badexample.com", "example.com", false),
    ] {
        let server = server.parse().expect("an address");
        assert_eq!(is_listed(&server, list), listed, "{server} {list}");
    }
}

#[test]
fn a_proxy_of_another_sort_is_refused_and_its_password_not_said() {
    let server = "https://10.0.0.1:6443".parse().expect("an address");
    for proxy in ["https://user:secret@proxy:3128", "ftp://user:secret@proxy:21"] {
        let proxy = proxy.parse().expect("an address");
        let refused = Dial::new(HttpConnector::new(), &server, Some(&proxy));
        let refused = refused.expect_err("it is of another sort").to_string();
        assert!(refused.contains("socks5://") && !refused.contains("secret"), "{refused}");
    }
}

/// Answers one connection, as a server that is asked through a proxy.
async fn echo(listener: TcpListener) {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut word = [0; 5];
    stream.read_exact(&mut word).await.expect("a word");
    stream.write_all(&word).await.expect("an answer");
}

/// Passes one connection on, when it was asked for by `CONNECT`.
async fn http_proxy(listener: TcpListener, server: String) {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        asked.push(stream.read_u8().await.expect("a byte"));
    }
    let asked = String::from_utf8(asked).expect("text");
    assert!(asked.starts_with(&format!("CONNECT {server} HTTP/1.1\r\n")), "{asked}");
    let expected = "proxy-authorization: basic dxnlcjpzzwnyzxq=\r\n";
    assert!(asked.to_lowercase().contains(expected), "{asked}");
    let mut onward = TcpStream::connect(server).await.expect("the server");
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("an answer");
    let _ended = copy_bidirectional(&mut stream, &mut onward).await;
}

/// The same by SOCKS 5 (RFC 1928), for whoever has a name and a password (RFC 1929).
async fn socks_proxy(listener: TcpListener, server: String) {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    for (asked, answer) in [
        (&b"\x05\x01\x02"[..], &b"\x05\x02"[..]),
        (b"\x01\x04user\x06secret", b"\x01\x00"),
        (b"\x05\x01\x00\x01\x7f\x00\x00\x01", b""),
    ] {
        let mut read = vec![0; asked.len()];
        stream.read_exact(&mut read).await.expect("a question");
        assert_eq!(read, asked);
        stream.write_all(answer).await.expect("an answer");
    }
    let port = stream.read_u16().await.expect("a port");
    assert!(server.ends_with(&format!(":{port}")), "{server} {port}");
    let mut onward = TcpStream::connect(server).await.expect("the server");
    stream.write_all(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00").await.expect("an answer");
    let _ended = copy_bidirectional(&mut stream, &mut onward).await;
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

#[tokio::test]
async fn a_connection_goes_through_a_proxy() {
    for scheme in ["http", "socks5"] {
        let (listener, server) = listen().await;
        let _echoing = runtime::spawn("server", echo(listener));
        let (listener, proxy) = listen().await;
        let _passing = match scheme {
            "http" => runtime::spawn("proxy", http_proxy(listener, server.clone())),
            _ => runtime::spawn("proxy", socks_proxy(listener, server.clone())),
        };
        let server: Uri = format!("https://{server}").parse().expect("an address");
        let proxy = format!("{scheme}://user:secret@{proxy}").parse().expect("an address");
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        let mut dial = Dial::new(tcp, &server, Some(&proxy)).expect("a way");
        std::future::poll_fn(|context| dial.poll_ready(context)).await.expect("it is ready");
        let connection = dial.call(server).await.expect("a connection");
        assert!(!connection.connected().is_proxied(), "what is said is for the server alone");
        let mut stream = connection.into_inner();
        stream.write_all(b"hello").await.expect("a word");
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(&answer, b"hello");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named_without_its_password() {
    let taken = tokio::net::TcpSocket::new_v4().expect("a socket");
    taken.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let address = taken.local_addr().expect("an address");
    for scheme in ["http", "socks5"] {
        let server: Uri = "https://10.0.0.1:6443".parse().expect("an address");
        let proxy = format!("{scheme}://user:secret@{address}").parse().expect("an address");
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        let mut dial = Dial::new(tcp, &server, Some(&proxy)).expect("a way");
        std::future::poll_fn(|context| dial.poll_ready(context)).await.expect("it is ready");
        let error = dial.call(server).await.expect_err("nobody listens").to_string();
        assert!(error.contains(&format!("proxy {scheme}://{address}/: ")), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
