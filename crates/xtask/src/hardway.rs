//! `tests/hardway` as a part of the test command: the walkthrough on real nodes, where the machine
//! can have them. It brings what nodes are made of, runs the walkthrough, and counts its rows.

use crate::{repository, tools, upstream};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};

/// Programs of a node and of the walkthrough, and Debian's packages with them.
const PROGRAMS: &[(&str, &str)] = &[
    ("containerd", "containerd"),
    ("runc", "runc"),
    ("iptables", "iptables"),
    ("nft", "nftables"),
    ("conntrack", "conntrack"),
    ("ipset", "ipset"),
    ("socat", "socat"),
    ("ip", "iproute2"),
    ("nginx", "nginx-light"),
    ("busybox", "busybox-static"),
    ("nc.openbsd", "netcat-openbsd"),
    ("dig", "bind9-dnsutils"),
    ("curl", "curl"),
    ("jq", "jq"),
    ("bc", "bc"),
    ("gcc", "gcc"),
    ("python3", "python3"),
    ("tcpdump", "tcpdump"),
    ("pgrep", "procps"),
    ("script", "bsdutils"),
];

/// The plugins by which containers get networks, which are on no path.
const PLUGINS: (&str, &str) = ("/usr/lib/cni/bridge", "containernetworking-plugins");

/// What became of the rows.
#[derive(Debug, Default, PartialEq)]
pub struct Rows {
    /// Those that hold.
    pub passed: usize,
    /// Those that don't.
    pub failed: usize,
}

impl Rows {
    fn read(&mut self, line: &str) {
        if line.starts_with("PASS ") {
            self.passed += 1;
        } else if line.starts_with("FAIL ") {
            self.failed += 1;
        }
    }
}

/// Why this machine can have no nodes, if so.
///
/// # Errors
/// Where that can't be found out.
pub fn hindrance() -> Result<Option<String>> {
    let output = script("possible").output().context("bash does not start")?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok((!output.status.success()).then_some(said))
}

/// Brings what nodes are made of; the first time takes minutes, most of them Go's.
///
/// # Errors
/// What could not be brought, with the reason.
pub fn prepare() -> Result<()> {
    let mut missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| tools::find(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if !Path::new(PLUGINS.0).exists() {
        missing.push(PLUGINS.1);
    }
    if !missing.is_empty() {
        tools::install(&missing)?;
    }
    let kubectl = upstream::binary("kubectl")?;
    for program in ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
        upstream::binary(program)?; // to be swapped in
    }
    let mut build = script("tools/build");
    build.args(["control-plane", "flanneld"]).env("PATH", path_with_go()?);
    build.env("K8S_BIN", kubectl.parent().context("a program lies in a folder")?);
    build.env("GOTOOLCHAIN", "local").env_remove("GOROOT");
    succeeds(&mut build)?;
    succeeds(script("images").stdout(Stdio::null()))
}

/// Walks, with our programs from a folder.
///
/// # Errors
/// Where it ends before it has come to its rows' sum.
pub fn walk(programs: &Path) -> Result<Rows> {
    let mut child = script("run")
        .env("ORLOP_BIN", programs)
        .stdout(Stdio::piped())
        .spawn()
        .context("tests/hardway/run does not start")?;
    let output = child.stdout.take().context("its output")?;
    let mut rows = Rows::default();
    let mut last = String::new();
    for line in tools::shown(output) {
        last = line?;
        rows.read(&last);
    }
    let status = child.wait()?;
    if last != format!("{} passed, {} failed", rows.passed, rows.failed) {
        bail!("tests/hardway/run: {status}, and it ends with {last:?}");
    }
    Ok(rows)
}

fn script(name: &str) -> Command {
    let mut command = Command::new(repository().join("tests/hardway").join(name));
    // They take their settings from the environment; those of a cluster by hand are not meant.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["CLUSTER", "RUN_DIR", "PKI_DIR", "KUBECONFIG", "NETWORK", "GENERATION", "UPSTREAM"]
            .contains(&&*name)
            || name.starts_with("ETCDCTL_")
        {
            command.env_remove(&*name);
        }
    }
    command
}

/// The scripts call `go` by its name.
fn path_with_go() -> Result<std::ffi::OsString> {
    let go = tools::go()?;
    let folder = Path::new(go.get_program()).parent().context("go lies in a folder")?.to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path)))?)
}

fn succeeds(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{name} does not start"))?;
    if !status.success() {
        bail!("{name}: {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Rows;

    #[test]
    fn rows_are_counted() {
        let mut rows = Rows::default();
        let lines = [
            "== today, static network",
            "PASS    0.1 s  kubectl get ns",
            "FAIL   10.0 s  kubectl logs",
            "      | PASS said by a test",
            "1 passed, 1 failed",
        ];
        for line in lines {
            rows.read(line);
        }
        assert_eq!(rows, Rows { passed: 1, failed: 1 });
    }
}
