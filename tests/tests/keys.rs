//! `orlop pki`: openssl takes what it makes, an API server opens to it, and what is there stays.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use testkit::cases::{self, Case};
use testkit::{Orlop, ours, upstream};

const SERVER: &str = "10.240.0.10";
const NODES: &[&str] =
    &["--node=wrk01.kube.com=10.240.0.21,fd00::21", "--node=wrk02.kube.com=10.240.0.22"];

fn main() -> ExitCode {
    let cases: &[Case<()>] = &[
        ("openssl_takes_every_certificate", |()| verified()),
        ("certificates_say_who_and_where", |()| subjects()),
        ("every_file_is_for_its_owner_alone", |()| modes()),
        ("a_second_run_changes_nothing_and_adds_a_node", |()| second()),
        ("what_is_kept_but_was_not_asked_for_is_named", |()| faults()),
        ("a_deleted_certificate_is_made_anew_with_its_key", |()| renewed()),
        ("a_ca_that_openssl_made_signs_too", |()| foreign()),
        ("an_api_server_opens_to_every_kubeconfig", |()| opens()),
        ("a_key_of_another_certificate_is_named", |()| mixed_up()),
        ("nonsense_is_refused", |()| refused()),
    ];
    cases::run(|| Ok(()), cases)
}

/// Whether it succeeds, and what it says.
fn pki(folder: &Path, arguments: &[&str]) -> Result<(bool, String)> {
    let mut command = Command::new(ours("orlop")?);
    command.args(["pki", "--server", SERVER, "--out"]).arg(folder).args(arguments);
    let output = command.output()?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8(text)?))
}

fn made(folder: &Path) -> Result<()> {
    let (ok, said) = pki(folder, NODES)?;
    ensure!(ok, "{said}");
    Ok(())
}

/// In a folder, what openssl prints.
fn openssl(folder: &Path, words: &str) -> Result<String> {
    let mut command = Command::new("openssl");
    command.args(words.split_whitespace()).current_dir(folder);
    let output = command.output().context("openssl")?;
    let text = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(output.status.success(), "openssl {words}: {text}");
    Ok(text)
}

/// All files and what is in them.
fn files(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.insert(name, fs::read_to_string(entry.path())?);
    }
    Ok(files)
}

/// The certificates but those of CAs.
fn leaves(folder: &Path) -> Result<Vec<String>> {
    let names =
        files(folder)?.into_keys().filter_map(|name| Some(name.strip_suffix(".pem")?.to_owned()));
    Ok(names.filter(|name| !name.ends_with("-key") && !name.ends_with("ca")).collect())
}

fn verified() -> Result<()> {
    let folder = tempfile::tempdir()?;
    made(folder.path())?;
    let leaves = leaves(folder.path())?;
    ensure!(leaves.len() == 9, "{leaves:?}");
    for name in leaves {
        let (ca, other) = match name.as_str() {
            "front-proxy-client" => ("front-proxy-ca", "ca"),
            _ => ("ca", "front-proxy-ca"),
        };
        openssl(folder.path(), &format!("verify -x509_strict -CAfile {ca}.pem {name}.pem"))?;
        let foreign = openssl(folder.path(), &format!("verify -CAfile {other}.pem {name}.pem"));
        ensure!(foreign.is_err(), "{name} is of both CAs");
        // The key is the certificate's.
        let public = openssl(folder.path(), &format!("x509 -in {name}.pem -noout -pubkey"))?;
        let of_key = openssl(folder.path(), &format!("pkey -in {name}-key.pem -pubout"))?;
        ensure!(public == of_key, "{name}");
    }
    Ok(())
}

fn subjects() -> Result<()> {
    let folder = tempfile::tempdir()?;
    made(folder.path())?;
    let rows = [
        ("admin", "subject=O = system:masters, CN = admin"),
        ("kube-proxy", "subject=O = system:node-proxier, CN = system:kube-proxy"),
        ("kube-scheduler", "subject=O = system:kube-scheduler, CN = system:kube-scheduler"),
        ("wrk01.kube.com", "subject=O = system:nodes, CN = system:node:wrk01.kube.com"),
        ("kubernetes", "subject=O = Kubernetes, CN = kubernetes"),
    ];
    for (name, subject) in rows {
        let said = openssl(folder.path(), &format!("x509 -in {name}.pem -noout -subject"))?;
        ensure!(said.trim() == subject, "{said}");
    }
    let names = |name: &str| {
        openssl(
            folder.path(),
            &format!("x509 -in {name}.pem -noout -ext subjectAltName,extendedKeyUsage"),
        )
    };
    let server = names("kubernetes")?;
    for host in [
        "IP Address:10.240.0.10",
        "IP Address:10.32.0.1",
        "IP Address:127.0.0.1",
        "DNS:kubernetes.default.svc.cluster.local",
        "TLS Web Server Authentication, TLS Web Client Authentication",
    ] {
        ensure!(server.contains(host), "{host} is not in {server}");
    }
    let node = names("wrk01.kube.com")?;
    ensure!(
        node.contains("DNS:wrk01.kube.com, IP Address:10.240.0.21, IP Address:FD00:0:0:0:0:0:0:21"),
        "{node}"
    );
    let client = names("admin")?;
    ensure!(!client.contains("Server Authentication") && !client.contains("DNS"), "{client}");
    Ok(())
}

fn modes() -> Result<()> {
    let parent = tempfile::tempdir()?;
    let folder = parent.path().join("new/pki");
    made(&folder)?;
    let mode =
        |path: &Path| Ok::<_, std::io::Error>(fs::metadata(path)?.permissions().mode() & 0o777);
    ensure!(mode(&folder)? == 0o700);
    for name in files(&folder)?.keys() {
        ensure!(mode(&folder.join(name))? == 0o600, "{name}");
    }
    Ok(())
}

fn second() -> Result<()> {
    let folder = tempfile::tempdir()?;
    made(folder.path())?;
    let before = files(folder.path())?;
    let more = [NODES, &["--node=wrk03.kube.com=10.240.0.23"]].concat();
    let (ok, said) = pki(folder.path(), &more)?;
    ensure!(ok && said.contains("kept") && said.contains("made"), "{said}");
    let mut after = files(folder.path())?;
    for name in ["wrk03.kube.com.pem", "wrk03.kube.com-key.pem", "wrk03.kube.com.kubeconfig"] {
        ensure!(after.remove(name).is_some(), "{name} is not there");
    }
    ensure!(before == after, "a second run changed what was there");
    openssl(folder.path(), "verify -CAfile ca.pem wrk03.kube.com.pem").map(drop)
}

fn faults() -> Result<()> {
    let folder = tempfile::tempdir()?;
    made(folder.path())?;
    let before = files(folder.path())?;
    let (ok, said) =
        pki(folder.path(), &["--server=10.240.0.11", "--node=wrk01.kube.com=10.240.0.99"])?;
    ensure!(!ok, "{said}");
    ensure!(said.contains("kubernetes.pem does not name 10.240.0.11"), "{said}");
    ensure!(said.contains("wrk01.kube.com.pem does not name 10.240.0.99"), "{said}");
    let (ok, said) = pki(folder.path(), &["--url=https://balancer:443"])?;
    ensure!(!ok && said.contains("admin.kubeconfig has another server"), "{said}");
    ensure!(files(folder.path())? == before, "what is there is never changed");

    // Another CA: everything that the old one signed is named.
    fs::remove_file(folder.path().join("ca.pem"))?;
    fs::remove_file(folder.path().join("ca-key.pem"))?;
    let (ok, said) = pki(folder.path(), NODES)?;
    ensure!(!ok && said.contains("kube-proxy.pem is signed by another CA"), "{said}");
    ensure!(!said.contains("front-proxy-client.pem is"), "{said}");
    Ok(())
}

fn renewed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    made(folder.path())?;
    let before = files(folder.path())?;
    fs::remove_file(folder.path().join("admin.pem"))?;
    fs::remove_file(folder.path().join("admin.kubeconfig"))?;
    made(folder.path())?;
    let after = files(folder.path())?;
    ensure!(before["admin-key.pem"] == after["admin-key.pem"]);
    ensure!(before["admin.pem"] != after["admin.pem"], "it is the same certificate");
    ensure!(before["admin.kubeconfig"] != after["admin.kubeconfig"]);
    Ok(())
}

/// As an older guide made it: RSA, in the older form of keys.
fn foreign() -> Result<()> {
    let folder = tempfile::tempdir()?;
    openssl(folder.path(), "genrsa -traditional -out ca-key.pem 2048")?;
    openssl(
        folder.path(),
        "req -x509 -new -key ca-key.pem -out ca.pem -days 30 -subj /O=Kubernetes/CN=Old",
    )?;
    let before = files(folder.path())?;
    made(folder.path())?;
    let after = files(folder.path())?;
    ensure!(before["ca.pem"] == after["ca.pem"]);
    for name in ["kubernetes", "wrk01.kube.com"] {
        openssl(folder.path(), &format!("verify -CAfile ca.pem {name}.pem"))?;
    }
    made(folder.path())
}

/// As after copying a file over from another cluster.
fn mixed_up() -> Result<()> {
    let folder = tempfile::tempdir()?;
    made(folder.path())?;
    let put = |from: &str, to: &str| fs::copy(folder.path().join(from), folder.path().join(to));
    put("kube-proxy-key.pem", "admin-key.pem")?;
    let (ok, said) = pki(folder.path(), NODES)?;
    let why = "admin.pem is not the certificate of the key in admin-key.pem";
    ensure!(!ok && said.contains(why), "{said}");

    put("front-proxy-ca-key.pem", "ca-key.pem")?;
    let before = files(folder.path())?;
    let (ok, said) = pki(folder.path(), &["--node=wrk03.kube.com=10.240.0.23"])?;
    ensure!(!ok && said.contains("ca-key.pem does not hold the key of"), "{said}");
    ensure!(files(folder.path())? == before, "a CA whose key is not there signed something");
    Ok(())
}

fn opens() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let keys = folder.path().join("pki");
    made(&keys)?;
    let flags: Vec<String> = [
        ("client-ca-file", "ca.pem"),
        ("tls-cert-file", "kubernetes.pem"),
        ("tls-private-key-file", "kubernetes-key.pem"),
        ("service-account-key-file", "service-account.pem"),
        ("service-account-signing-key-file", "service-account-key.pem"),
        ("requestheader-client-ca-file", "front-proxy-ca.pem"),
        ("encryption-provider-config", "encryption-config.yaml"),
    ]
    .iter()
    .map(|(flag, file)| format!("--api-server-flag=--{flag}={}", keys.join(file).display()))
    .collect();
    let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    flags.push("--in-memory");
    let server = Orlop::start(&folder.path().join("data"), &flags)?;
    let rows = [
        ("admin", "admin", "system:masters"),
        ("kube-controller-manager", "system:kube-controller-manager", "system:authenticated"),
        ("kube-scheduler", "system:kube-scheduler", "system:authenticated"),
        ("kube-proxy", "system:kube-proxy", "system:node-proxier"),
        ("wrk01.kube.com", "system:node:wrk01.kube.com", "system:nodes"),
    ];
    for (file, user, group) in rows {
        let mut command = Command::new(upstream("kubectl")?);
        command.arg("--kubeconfig").arg(keys.join(format!("{file}.kubeconfig")));
        // Elsewhere than the guide's machines, and yet under a name of its certificate.
        command.args(["--server", server.url(), "auth", "whoami"]);
        let output = command.env("HOME", folder.path()).output()?;
        let said = String::from_utf8([output.stdout, output.stderr].concat())?;
        ensure!(output.status.success() && said.contains(user) && said.contains(group), "{said}");
    }
    Ok(())
}

fn refused() -> Result<()> {
    let parent = tempfile::tempdir()?;
    let folder = parent.path().join("pki");
    let rows = [
        ("--node=../evil=10.0.0.1", "can't be the name of a node"),
        ("--node=admin=10.0.0.1", "the name of another certificate"),
        ("--node=wrk01", "NAME=IP"),
        ("--server=https://10.0.0.1", "neither an IP address nor a name"),
        (
            "--service-cluster-ip-range=10.32.0.0",
            "Error: --service-cluster-ip-range: \"10.32.0.0\" is not a valid CIDR",
        ),
        ("--days=0", "0 is not in"),
    ];
    for (argument, why) in rows {
        let (ok, said) = pki(&folder, &[argument])?;
        ensure!(!ok && said.contains(why), "{argument}: {said}");
        ensure!(!folder.exists(), "{argument}: something was made");
    }
    Ok(())
}
