//! What goes wrong is said, in upstream's words, and loses nothing.

mod outages;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use testkit::cases::{self, Case};
use testkit::{Answer, Caller, Generation, Maker, Pki, Running, Site, ours, until, upstream};

const THREE: [&str; 3] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn main() -> ExitCode {
    let cases: &[Case<Cluster>] = &[
        ("a_wrong_token_is_401", wrong_token),
        ("a_certificate_of_another_ca_is_401", foreign_certificate),
        ("anonymous_sees_health_and_no_more", anonymous),
        ("a_user_without_rights_is_403_with_user_verb_and_resource", no_rights),
        ("an_unknown_field_is_400_with_its_path", unknown_field),
        ("a_stale_resource_version_is_409", stale),
        ("a_body_that_is_no_json_is_400", malformed),
        ("a_body_too_large_is_413", too_large),
        ("an_unknown_media_type_is_415", media_type),
        ("a_name_that_is_taken_is_409", taken),
        ("what_is_not_there_is_404", missing),
        ("an_invalid_object_is_422_with_its_fields", invalid),
        ("a_value_that_no_key_opens_is_an_error_that_names_it", unreadable),
        ("a_wrong_key_is_an_error_and_the_right_one_finds_the_value", wrong_key),
        ("a_key_of_the_wrong_length_is_named_at_the_start", short_key),
        ("an_unknown_flag_is_named_at_the_start", unknown_flag),
        ("a_word_that_belongs_to_no_flag_is_named_at_the_start", stray_word),
        ("a_key_of_another_certificate_is_named_at_the_start", foreign_key),
        ("keys_that_cannot_sign_end_a_controller_manager", foreign_signing_key),
        ("etcd_that_does_not_trust_us_is_said_at_the_start", distrusted),
        ("every_flag_of_upstreams_is_known", |_| upstreams_flags()),
        ("a_feature_gate_is_known_if_upstream_has_it", |_| gates()),
        ("who_cannot_reach_the_api_server_says_where_and_why", unreached),
        ("ranges_that_overlap_are_refused_at_the_start", overlap),
        ("an_expired_certificate_is_401", outages::expired),
        ("without_etcd_a_start_ends_and_names_it", outages::no_etcd_at_the_start),
        ("etcd_may_go_and_the_server_says_so_until_it_is_back", outages::etcd_away_and_back),
        ("a_full_range_of_service_addresses_is_said", outages::full_range),
    ];
    cases::run(Cluster::start, cases)
}

struct Cluster {
    site: Site,
    _api_server: Running,
    admin: Caller,
}

impl Cluster {
    fn start() -> Result<Self> {
        let site = Site::new()?;
        let api_server = site.api_server(Maker::Ours, Generation::Today, &[])?;
        let admin = site.caller("admin")?;
        Ok(Self { site, _api_server: api_server, admin })
    }
}

/// Holds an answer to be a `Status` of this code, reason and message.
fn says(answer: &Answer, code: u16, reason: &str, message: &str) -> Result<Value> {
    let status = answer.expect(code)?;
    for (field, expected) in [("kind", "Status"), ("status", "Failure"), ("reason", reason)] {
        ensure!(status[field] == expected, "{field} is not {expected}: {status}");
    }
    let said = status["message"].as_str().context("a message")?;
    ensure!(said.contains(message), "{said:?} does not say {message:?}");
    ensure!(status["code"] == code, "{status}");
    Ok(status)
}

fn wrong_token(cluster: &Cluster) -> Result<()> {
    let stranger = Caller::with_token(&cluster.site.url(), "no-such-token")?;
    says(&stranger.get("/api/v1/nodes")?, 401, "Unauthorized", "Unauthorized")?;
    // Health too: a wrong identity is not no identity.
    says(&stranger.get("/readyz")?, 401, "Unauthorized", "Unauthorized").map(drop)
}

fn foreign_certificate(cluster: &Cluster) -> Result<()> {
    let other = Pki::new(&cluster.site.path("other"))?;
    other.issue("admin", "admin", &["system:masters"], &[])?;
    let file = |name: &str| other.file(name);
    let stranger =
        Caller::with_certificate(&cluster.site.url(), &file("admin.pem"), &file("admin-key.pem"))?;
    says(&stranger.get("/api/v1/nodes")?, 401, "Unauthorized", "Unauthorized").map(drop)
}

fn anonymous(cluster: &Cluster) -> Result<()> {
    let nobody = Caller::anonymous(&cluster.site.url())?;
    for path in ["/healthz", "/livez", "/readyz", "/version"] {
        let answer = nobody.get(path)?;
        ensure!(answer.code == 200, "{path}: {} {}", answer.code, answer.text());
    }
    let message = "nodes is forbidden: User \"system:anonymous\" cannot list resource \"nodes\" in API \
                   group \"\" at the cluster scope";
    says(&nobody.get("/api/v1/nodes")?, 403, "Forbidden", message)?;
    let message = "forbidden: User \"system:anonymous\" cannot get path \"/apis\"";
    says(&nobody.get("/apis")?, 403, "Forbidden", message).map(drop)
}

fn no_rights(cluster: &Cluster) -> Result<()> {
    let jane = cluster.site.caller("jane")?;
    let message = "secrets is forbidden: User \"jane\" cannot create resource \"secrets\" in API group \
                   \"\" in the namespace \"default\"";
    let answer =
        jane.post("/api/v1/namespaces/default/secrets", &json!({"metadata": {"name": "a"}}))?;
    says(&answer, 403, "Forbidden", message).map(drop)
}

fn unknown_field(cluster: &Cluster) -> Result<()> {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "strict"},
        "spec": {"containers": [{"name": "a", "image": "b", "imagee": "c"}], "hostname": "d"},
    });
    let path = "/api/v1/namespaces/default/pods?dryRun=All&fieldValidation=";
    let answer = cluster.admin.post(&format!("{path}Strict"), &pod)?;
    let message = "strict decoding error: unknown field \"spec.containers[0].imagee\"";
    says(&answer, 400, "BadRequest", message)?;
    let twice = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"twice\"},\
                 \"data\":{\"a\":\"b\"},\"data\":{\"a\":\"c\"}}";
    let path = format!("{MAPS}?fieldValidation=Strict");
    let answer = cluster.admin.ask("POST", &path, "application/json", twice.as_bytes())?;
    says(&answer, 400, "BadRequest", "strict decoding error: duplicate field \"data\"").map(drop)
}

fn stale(cluster: &Cluster) -> Result<()> {
    let map = json!({"metadata": {"name": "stale"}, "data": {"a": "1"}});
    let first = cluster.admin.post(MAPS, &map)?.expect(201)?;
    let mut second = first.clone();
    second["data"]["a"] = "2".into();
    let path = format!("{MAPS}/stale");
    cluster.admin.put(&path, &second)?.expect(200)?;
    let mut late = first;
    late["data"]["a"] = "3".into();
    let message = "Operation cannot be fulfilled on configmaps \"stale\": the object has been modified; \
                   please apply your changes to the latest version and try again";
    says(&cluster.admin.put(&path, &late)?, 409, "Conflict", message)?;
    let now = cluster.admin.get(&path)?.expect(200)?;
    ensure!(now["data"]["a"] == "2", "{now}");
    Ok(())
}

fn malformed(cluster: &Cluster) -> Result<()> {
    let answer =
        cluster.admin.ask("POST", MAPS, "application/json", b"{\"kind\": \"ConfigMap\", ")?;
    says(&answer, 400, "BadRequest", "").map(drop)
}

fn too_large(cluster: &Cluster) -> Result<()> {
    let body = json!({"metadata": {"name": "large"}, "data": {"a": "x".repeat(4 << 20)}});
    let answer = cluster.admin.post(MAPS, &body)?;
    says(&answer, 413, "RequestEntityTooLarge", "limit is 3145728").map(drop)
}

fn media_type(cluster: &Cluster) -> Result<()> {
    let answer = cluster.admin.ask("POST", MAPS, "text/html", b"<p>")?;
    says(&answer, 415, "UnsupportedMediaType", "the body of the request was in an unknown format")
        .map(drop)
}

fn taken(cluster: &Cluster) -> Result<()> {
    let map = json!({"metadata": {"name": "taken"}});
    cluster.admin.post(MAPS, &map)?.expect(201)?;
    let answer = cluster.admin.post(MAPS, &map)?;
    says(&answer, 409, "AlreadyExists", "configmaps \"taken\" already exists").map(drop)
}

fn missing(cluster: &Cluster) -> Result<()> {
    let answer = cluster.admin.get(&format!("{MAPS}/nothing"))?;
    says(&answer, 404, "NotFound", "configmaps \"nothing\" not found")?;
    let answer = cluster.admin.get("/apis/apps/v1/nothings")?;
    let message = "the server could not find the requested resource";
    let text = answer.text();
    ensure!(answer.code == 404 && (text.contains(message) || text.contains("404")), "{text}");
    Ok(())
}

fn invalid(cluster: &Cluster) -> Result<()> {
    let deployment = json!({
        "metadata": {"name": "invalid"},
        "spec": {
            "replicas": -1,
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "c"}}, "spec": {"containers": []}},
        },
    });
    let answer = cluster.admin.post("/apis/apps/v1/namespaces/default/deployments", &deployment)?;
    let status = says(&answer, 422, "Invalid", "Deployment.apps \"invalid\" is invalid: ")?;
    let causes = status["details"]["causes"].as_array().context("causes")?;
    for field in ["spec.replicas", "spec.template.metadata.labels", "spec.template.spec.containers"]
    {
        ensure!(
            causes.iter().any(|cause| cause["field"] == field),
            "{field} is not named: {status}"
        );
    }
    Ok(())
}

/// On a site of its own, since it breaks what is stored.
fn unreadable(_: &Cluster) -> Result<()> {
    let site = Site::new()?;
    let first = site.api_server(Maker::Ours, Generation::Today, &[])?;
    let secrets = "/api/v1/namespaces/default/secrets";
    let secret = |name: &str| json!({"metadata": {"name": name}, "stringData": {"a": "hidden"}});
    site.caller("admin")?.post(secrets, &secret("good"))?.expect(201)?;
    first.process.stop()?;
    let key = "/registry/secrets/default/broken";
    site.etcd.put(key, "k8s:enc:aescbc:v1:key9:0123456789abcdef0123456789abcdef")?;

    let _second = site.api_server(Maker::Ours, Generation::Today, &[])?;
    let admin = site.caller("admin")?;
    let good = admin.get(&format!("{secrets}/good"))?.expect(200)?;
    ensure!(good["data"]["a"] == "aGlkZGVu", "{good}");
    for path in [format!("{secrets}/broken"), secrets.to_owned(), "/api/v1/secrets".to_owned()] {
        let answer = admin.get(&path)?;
        let text = answer.text();
        ensure!(answer.code == 500, "{path}: {} {text}", answer.code);
        ensure!(
            text.contains(key) || text.contains("default/broken"),
            "{path} names no key: {text}"
        );
        ensure!(!text.contains("hidden") && !text.contains("aGlkZGVu"), "{path} shows a secret");
    }
    // It is there, so its name is taken, and no one else's.
    let answer = admin.post(secrets, &secret("broken"))?;
    ensure!(answer.code == 409 || answer.code == 500, "{} {}", answer.code, answer.text());
    admin.post(secrets, &secret("another"))?.expect(201).map(drop)
}

/// On a site of its own: the key has its name, but other bytes.
fn wrong_key(_: &Cluster) -> Result<()> {
    let site = Site::new()?;
    let with_key = |key: &str| {
        site.encrypt_with(&format!(
            "kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\nresources:\n\
             - resources: [secrets]\n  providers:\n  - aescbc: {{keys: [{{name: key1, secret: {key}}}]}}\n",
        ))
    };
    let start = || site.api_server(Maker::Ours, Generation::Today, &[]);
    let secrets = "/api/v1/namespaces/default/secrets";
    with_key("${ENCRYPTION_KEY}")?;
    let first = start()?;
    let secret = json!({"metadata": {"name": "kept"}, "stringData": {"a": "hidden"}});
    let kept = site.caller("admin")?.post(secrets, &secret)?.expect(201)?;
    first.process.stop()?;

    let wrong = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
    with_key(wrong)?;
    let second = start()?;
    let admin = site.caller("admin")?;
    for path in [format!("{secrets}/kept"), secrets.to_owned()] {
        let answer = admin.get(&path)?;
        let text = answer.text();
        ensure!(answer.code == 500 && text.contains("default/kept"), "{} {text}", answer.code);
        ensure!(!text.contains(wrong) && !text.contains("hidden"), "{path} shows a secret: {text}");
    }
    admin.get(MAPS)?.expect(200)?;
    second.process.stop()?;

    with_key("${ENCRYPTION_KEY}")?;
    let _third = start()?;
    let now = site.caller("admin")?.get(&format!("{secrets}/kept"))?.expect(200)?;
    ensure!(now == kept, "{now}");
    Ok(())
}

/// Starts an API server that has to end by itself, badly, and gives what it said.
fn refused_at_start(site: &Site, flags: &[&str]) -> Result<String> {
    let mut running = site.start_api_server(Maker::Ours, Generation::Today, flags)?;
    let status = running.process.ended()?;
    ensure!(!status.success(), "it ended well");
    Ok(running.process.said())
}

fn short_key(_: &Cluster) -> Result<()> {
    let site = Site::new()?;
    site.encrypt_with(
        "kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\nresources:\n\
         - resources: [secrets]\n  providers:\n  - aescbc: {keys: [{name: key1, secret: c2hvcnQ=}]}\n",
    )?;
    let said = refused_at_start(&site, &[])?;
    ensure!(said.contains("key1"), "the key is not named: {said}");
    ensure!(!said.contains("c2hvcnQ"), "the key is shown: {said}");
    Ok(())
}

fn unknown_flag(cluster: &Cluster) -> Result<()> {
    let said = refused_at_start(&cluster.site, &["--no-such-flag=1"])?;
    ensure!(said.contains("unknown flag: --no-such-flag"), "{said}");
    Ok(())
}

/// As where a unit file lost the backslash at the end of a line.
fn stray_word(_: &Cluster) -> Result<()> {
    for program in THREE {
        let output = Command::new(ours(program)?).arg("stray").output()?;
        let said = String::from_utf8(output.stderr)?;
        let expected = format!("Error: {program:?} does not take any arguments, got [\"stray\"]\n");
        ensure!(!output.status.success() && said == expected, "{said}");
    }
    Ok(())
}

fn foreign_key(cluster: &Cluster) -> Result<()> {
    let other = Pki::new(&cluster.site.path("keys"))?;
    other.issue("other", "other", &[], &[])?;
    let key = other.file("other-key.pem").display().to_string();
    for flag in ["tls-private-key-file", "kubelet-client-key", "etcd-keyfile"] {
        let flags = [&*format!("--{flag}={key}"), "--secure-port=0"];
        let said = refused_at_start(&cluster.site, &flags)?;
        let last = said.lines().last().context("it says why")?;
        ensure!(last.contains("private key does not match") && last.contains("--"), "{last}");
    }
    Ok(())
}

fn foreign_signing_key(cluster: &Cluster) -> Result<()> {
    let other = Pki::new(&cluster.site.path("signers"))?;
    other.issue("other", "other", &[], &[])?;
    let key = other.file("other-key.pem").display().to_string();
    let rows = [
        (format!("--cluster-signing-key-file={key}"), "private key does not match"),
        ("--cluster-signing-cert-file=/none".to_owned(), "/none: No such file"),
        ("--service-account-private-key-file=/none".to_owned(), "/none: No such file"),
    ];
    for (flag, why) in rows {
        let site = &cluster.site;
        let mut running = site.controller_manager(Maker::Ours, Generation::Today, &[&flag])?;
        let status = running.process.ended()?;
        let said = running.process.said();
        let last = said.lines().last().context("it says why")?;
        ensure!(!status.success() && last.starts_with("Error: --") && last.contains(why), "{said}");
    }
    Ok(())
}

fn distrusted(cluster: &Cluster) -> Result<()> {
    let other = Pki::new(&cluster.site.path("strangers"))?;
    other.issue("other", "other", &[], &[])?;
    let file = |name: &str| other.file(name).display().to_string();
    let flags = [
        format!("--etcd-certfile={}", file("other.pem")),
        format!("--etcd-keyfile={}", file("other-key.pem")),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let said = refused_at_start(&cluster.site, &flags)?;
    ensure!(said.contains("does not trust the client certificate"), "{said}");
    Ok(())
}

fn upstreams_flags() -> Result<()> {
    let names = |program: PathBuf| -> Result<BTreeSet<String>> {
        let help = String::from_utf8(Command::new(program).arg("--help").output()?.stdout)?;
        let words = help.lines().filter_map(|line| {
            let flag = line.trim_start().trim_start_matches(|c: char| c != '-');
            let flag = flag.split_once("--").filter(|(before, _)| before.len() <= 4)?.1;
            flag.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()
        });
        Ok(words.map(str::to_owned).collect())
    };
    for program in THREE {
        let (theirs, own) = (names(upstream(program)?)?, names(ours(program)?)?);
        ensure!(theirs.len() > 50, "{program}: {theirs:?} are not all");
        let missing: Vec<_> = theirs.difference(&own).filter(|name| *name != "help").collect();
        ensure!(missing.is_empty(), "{program} does not know {missing:?}");
    }
    Ok(())
}

fn gates() -> Result<()> {
    for program in THREE {
        let help =
            String::from_utf8(Command::new(upstream(program)?).arg("--help").output()?.stdout)?;
        let listed = help.lines().filter_map(|line| line.trim_start().strip_prefix("kube:"));
        let gates: Vec<&str> = listed.filter_map(|line| Some(line.split_once('=')?.0)).collect();
        ensure!(gates.len() > 100, "{program}: {gates:?} are not all");
        // It ends, since it does not know where etcd or the API server is.
        let all = format!("--feature-gates=kube:{}=true", gates.join("=true,kube:"));
        let output = Command::new(ours(program)?).arg(all).output()?;
        let said = String::from_utf8(output.stderr)?;
        ensure!(!output.status.success() && !said.contains("unrecognized"), "{said}");
    }
    let output = Command::new(ours("kube-apiserver")?).arg("--feature-gates=Foo=true").output()?;
    let said = String::from_utf8(output.stderr)?;
    ensure!(said.contains("unrecognized feature gate: Foo"), "{said}");
    Ok(())
}

/// Where it asked, and the system's words.
fn unreached(cluster: &Cluster) -> Result<()> {
    let master = "--master=https://127.0.0.1:1";
    let mut running = cluster.site.controller_manager(Maker::Ours, Generation::Today, &[master])?;
    let said = until("it says that nobody is there", || {
        running.process.still_runs()?;
        let said = running.process.said();
        ensure!(said.contains("Connection refused"), "{said}");
        Ok(said)
    })?;
    ensure!(said.contains("https://127.0.0.1:1/"), "{said}");
    ensure!(!said.contains("Status {"), "{said}");
    Ok(())
}

fn overlap(cluster: &Cluster) -> Result<()> {
    let flags = ["--cluster-cidr=10.32.0.0/16"];
    let mut running = cluster.site.controller_manager(Maker::Ours, Generation::Today, &flags)?;
    let status = running.process.ended()?;
    let said = running.process.said();
    ensure!(!status.success() && said.contains("overlap"), "{status} {said}");
    Ok(())
}
