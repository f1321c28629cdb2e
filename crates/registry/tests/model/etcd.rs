//! A real etcd, gone with the test.

use std::process::{Child, Command, Stdio};
use std::time::Duration;
use store::{Etcd, Store, TlsFiles};

pub(crate) struct Process {
    child: Child,
    _folder: tempfile::TempDir,
    pub(crate) url: String,
}

impl Process {
    pub(crate) async fn start() -> Self {
        let program = std::env::var("ORLOP_TEST_ETCD").unwrap_or("/usr/bin/etcd".to_owned());
        let folder = tempfile::tempdir().unwrap();
        let [url, peer] =
            [0; 2].map(|_| format!("http://127.0.0.1:{}", testkit::free_port().unwrap()));
        let child = Command::new(&program)
            .args([
                format!("--data-dir={}", folder.path().display()),
                format!("--listen-client-urls={url}"),
                format!("--advertise-client-urls={url}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster=default={peer}"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("this test needs {program}: {error}"));
        let process = Self { child, _folder: folder, url };
        let answers = async {
            while process.store().revision().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(testkit::PATIENCE, answers).await.expect("etcd answers in time");
        process
    }

    pub(crate) fn store(&self) -> Etcd {
        Etcd::new(std::slice::from_ref(&self.url), TlsFiles::default()).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
