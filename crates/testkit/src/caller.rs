//! Someone who speaks HTTP to an API server, and sees all that it answers.

use crate::wait::PATIENCE;
use anyhow::{Context, Result, bail};
use kube::client::Body;
use kube::config::{AuthInfo, Config};
use serde_json::Value;
use std::path::Path;
use tokio::runtime::Runtime;

/// A client with one identity. Calls block.
pub struct Caller {
    engine: Runtime,
    config: Config,
    client: kube::Client,
    headers: Vec<(String, String)>,
}

/// An answer, whatever its code.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub code: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As it came.
    pub body: Vec<u8>,
}

impl Caller {
    /// Someone who shows nothing.
    ///
    /// # Errors
    /// Where the URL is none.
    pub fn anonymous(url: &str) -> Result<Self> {
        Self::new(url, AuthInfo::default())
    }

    /// Someone with a bearer token.
    ///
    /// # Errors
    /// Where the URL is none.
    pub fn with_token(url: &str, token: &str) -> Result<Self> {
        Self::new(url, AuthInfo { token: Some(token.to_owned().into()), ..AuthInfo::default() })
    }

    /// Someone with a client certificate, in files of PEM.
    ///
    /// # Errors
    /// Where the files can't be read.
    pub fn with_certificate(url: &str, certificate: &Path, key: &Path) -> Result<Self> {
        let text = |path: &Path| Some(path.display().to_string());
        let files = AuthInfo {
            client_certificate: text(certificate),
            client_key: text(key),
            ..AuthInfo::default()
        };
        Self::new(url, files)
    }

    fn new(url: &str, auth: AuthInfo) -> Result<Self> {
        let engine =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let mut config = Config::new(url.parse()?);
        // Tests of certificates look at certificates; all others at what is said.
        config.accept_invalid_certs = true;
        config.auth_info = auth;
        // Of any connection: a watch that nobody reads now has to be there later.
        config.read_timeout = Some(PATIENCE);
        let client = Self::client(&engine, &config)?;
        Ok(Self { engine, config, client, headers: vec![] })
    }

    fn client(engine: &Runtime, config: &Config) -> Result<kube::Client> {
        let _inside = engine.enter();
        Ok(kube::Client::try_from(config.clone())?)
    }

    /// The same, who takes 429, 503 and 504 for an answer and does not ask again.
    ///
    /// # Errors
    /// Where there can be no such client.
    pub fn without_retries(mut self) -> Result<Self> {
        self.config.default_retry = false;
        self.client = Self::client(&self.engine, &self.config)?;
        Ok(self)
    }

    /// The same, with a header on every request.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The answer to a request.
    ///
    /// # Errors
    /// Where none came.
    pub fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<Answer> {
        self.answer(self.request(method, path, kind, body)?)
    }

    /// The answer to a GET.
    ///
    /// # Errors
    /// Where none came.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.ask("GET", path, "", b"")
    }

    /// The answer to a GET for one media type.
    ///
    /// # Errors
    /// Where none came.
    pub fn get_as(&self, path: &str, accept: &str) -> Result<Answer> {
        let mut request = self.request("GET", path, "", b"")?;
        request.headers_mut().insert("accept", accept.parse()?);
        self.answer(request)
    }

    /// The answer to a POST of JSON.
    ///
    /// # Errors
    /// Where none came.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.ask("POST", path, "application/json", body.to_string().as_bytes())
    }

    /// The answer to a PUT of JSON.
    ///
    /// # Errors
    /// Where none came.
    pub fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        self.ask("PUT", path, "application/json", body.to_string().as_bytes())
    }

    /// The answer to a PATCH: `merge`, `strategic`, `json` or `apply`.
    ///
    /// # Errors
    /// Where none came.
    pub fn patch(&self, path: &str, way: &str, body: &Value) -> Result<Answer> {
        let kind = match way {
            "merge" => "application/merge-patch+json",
            "strategic" => "application/strategic-merge-patch+json",
            "json" => "application/json-patch+json",
            "apply" => "application/apply-patch+yaml",
            other => bail!("no such patch: {other}"),
        };
        self.ask("PATCH", path, kind, body.to_string().as_bytes())
    }

    /// The answer to a DELETE.
    ///
    /// # Errors
    /// Where none came.
    pub fn delete(&self, path: &str) -> Result<Answer> {
        self.ask("DELETE", path, "", b"")
    }

    /// The lines of a watch, as they come.
    ///
    /// # Errors
    /// Where it is refused.
    pub fn watch(&self, path: &str) -> Result<Lines<'_>> {
        let response = self.engine.block_on(async {
            self.client.send(self.request("GET", path, "", b"")?).await.map_err(anyhow::Error::from)
        })?;
        let code = response.status().as_u16();
        Ok(Lines { caller: self, code, body: response.into_body(), buffer: vec![] })
    }

    fn answer(&self, request: http::Request<Body>) -> Result<Answer> {
        use http_body_util::BodyExt as _;
        self.engine.block_on(async {
            let response = self.client.send(request).await?;
            let code = response.status().as_u16();
            let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
            let headers = response.headers().iter();
            let headers = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
            let body = response.into_body().collect().await?.to_bytes().to_vec();
            Ok(Answer { code, headers, body })
        })
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> Result<http::Request<Body>> {
        let mut request = http::Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        Ok(request.body(Body::from(body.to_vec()))?)
    }
}

/// A watch that is open.
pub struct Lines<'a> {
    caller: &'a Caller,
    /// The HTTP status.
    pub code: u16,
    body: Body,
    buffer: Vec<u8>,
}

impl Lines<'_> {
    /// The next event; nothing where the server has ended the watch.
    ///
    /// # Errors
    /// Where none comes, or it is no JSON.
    pub fn next_event(&mut self) -> Result<Option<Value>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(Some(serde_json::from_slice(&line)?));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// The next bytes of exactly this number, for frames.
    ///
    /// # Errors
    /// Where the watch ends before.
    pub fn bytes(&mut self, count: usize) -> Result<Vec<u8>> {
        while self.buffer.len() < count {
            if !self.more()? {
                bail!("the watch ended after {} of {count} bytes", self.buffer.len());
            }
        }
        Ok(self.buffer.drain(..count).collect())
    }

    fn more(&mut self) -> Result<bool> {
        use http_body_util::BodyExt as _;
        let body = &mut self.body;
        let frame = self.caller.engine.block_on(async {
            tokio::time::timeout(PATIENCE, body.frame()).await.context("no event came")
        })?;
        match frame {
            None => Ok(false),
            Some(frame) => {
                if let Ok(data) = frame?.into_data() {
                    self.buffer.extend_from_slice(&data);
                }
                Ok(true)
            }
        }
    }
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// Where it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("{}: {}", self.code, self.text()))
    }

    /// A header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The body as JSON, where the code is the one expected.
    ///
    /// # Errors
    /// Where it is another, with the body.
    pub fn expect(&self, code: u16) -> Result<Value> {
        if self.code != code {
            bail!("expected {code}, got {}: {}", self.code, self.text());
        }
        self.json()
    }
}
