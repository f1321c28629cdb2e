//! etcd processes for the tests: real ones, on free ports, gone with the test.

use orlop_store::{Etcd, Store, TlsFiles};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Which etcd to run, for trying another version.
const PROGRAM_VARIABLE: &str = "ORLOP_TEST_ETCD";
const PROGRAM: &str = "/usr/bin/etcd";

/// A cluster of etcd.
pub(crate) struct Cluster {
    directory: TempDir,
    members: Vec<Member>,
    tls: Option<Tls>,
}

struct Member {
    arguments: Vec<String>,
    url: String,
    child: Option<Child>,
}

/// The files that members and clients prove themselves with.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) ca: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Cluster {
    /// Starts `size` members; with `tls` they insist on certificates.
    pub(crate) async fn start(size: usize, with_tls: bool) -> Self {
        let program = program();
        assert!(Path::new(&program).exists(), "this test needs {program}, which is not installed");
        let directory = tempfile::tempdir().expect("a directory");
        let tls = with_tls.then(|| Tls::make(directory.path()));
        let scheme = if with_tls { "https" } else { "http" };
        let ports: Vec<u16> =
            (0..2 * size).map(|_| testkit::free_port().expect("a port")).collect();
        let peers: Vec<String> =
            (0..size).map(|n| format!("m{n}=http://127.0.0.1:{}", ports[size + n])).collect();
        let members = (0..size)
            .map(|n| {
                let url = format!("{scheme}://127.0.0.1:{}", ports[n]);
                let peer = format!("http://127.0.0.1:{}", ports[size + n]);
                let data = directory.path().join(format!("m{n}")).display().to_string();
                let mut arguments = vec![
                    format!("--name=m{n}"),
                    format!("--data-dir={data}"),
                    format!("--listen-client-urls={url}"),
                    format!("--advertise-client-urls={url}"),
                    format!("--listen-peer-urls={peer}"),
                    format!("--initial-advertise-peer-urls={peer}"),
                    format!("--initial-cluster={}", peers.join(",")),
                    "--logger=zap".into(),
                    "--log-level=error".into(),
                ];
                if let Some(tls) = &tls {
                    arguments.extend([
                        format!("--cert-file={}", tls.certificate.display()),
                        format!("--key-file={}", tls.key.display()),
                        format!("--trusted-ca-file={}", tls.ca.display()),
                        "--client-cert-auth".into(),
                    ]);
                }
                Member { arguments, url, child: None }
            })
            .collect();
        let mut cluster = Self { directory, members, tls };
        for n in 0..size {
            cluster.run(n);
        }
        cluster.wait().await;
        cluster
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.members.iter().map(|member| member.url.clone()).collect()
    }

    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn store(&self) -> Etcd {
        let files = self.tls.as_ref().map_or_else(TlsFiles::default, Tls::files);
        Etcd::new(&self.urls(), files).expect("the addresses and files are right")
    }

    /// Starts a member that is not running.
    pub(crate) fn run(&mut self, n: usize) {
        let child = Command::new(program())
            .args(&self.members[n].arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("etcd starts");
        self.members[n].child = Some(child);
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self, n: usize) {
        let mut child = self.members[n].child.take().expect("it runs");
        child.kill().expect("it can be killed");
        child.wait().expect("a killed process ends");
    }

    /// Waits until the cluster answers.
    pub(crate) async fn wait(&self) {
        let store = self.store();
        let answers = async {
            while store.revision().await.is_err() {
                runtime::clock::sleep(Duration::from_millis(20)).await;
            }
        };
        runtime::clock::timeout(testkit::PATIENCE, answers).await.expect("etcd answers in time");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for member in &mut self.members {
            if let Some(mut child) = member.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

impl Tls {
    pub(crate) fn files(&self) -> TlsFiles {
        TlsFiles {
            ca: Some(self.ca.clone()),
            certificate: Some(self.certificate.clone()),
            key: Some(self.key.clone()),
        }
    }

    /// A CA, and a certificate that serves and asks.
    pub(crate) fn make(directory: &Path) -> Self {
        use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
        let ca_key = KeyPair::generate().expect("a key");
        let mut ca = CertificateParams::new(Vec::new()).expect("no names");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pem = ca.self_signed(&ca_key).expect("a certificate").pem();
        let issuer = Issuer::new(ca, ca_key);
        let key = KeyPair::generate().expect("a key");
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let leaf = CertificateParams::new(names).expect("good names");
        let leaf_pem = leaf.signed_by(&key, &issuer).expect("a certificate").pem();
        let write = |name: &str, text: &str| {
            let path = directory.join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        Self {
            ca: write("ca.pem", &ca_pem),
            certificate: write("etcd.pem", &leaf_pem),
            key: write("etcd-key.pem", &key.serialize_pem()),
        }
    }
}

fn program() -> String {
    std::env::var(PROGRAM_VARIABLE).unwrap_or_else(|_| PROGRAM.to_owned())
}
