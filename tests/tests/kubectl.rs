//! kubectl of today and kubectl 1.20 against `orlop up` with two hollow nodes, as a person types it.

use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader};
use std::process::{ExitCode, Stdio};
use testkit::cases::{self, Case};
use testkit::{Kubectl, Orlop, repository, until};

fn main() -> ExitCode {
    cases::run(Cluster::start, &[today(), then()].concat())
}

fn today() -> Vec<Case<Cluster>> {
    vec![
        ("apply_says_created_and_unchanged", |c| apply(&c.today)),
        ("get_prints_wide_yaml_json_and_paths", |c| get(&c.today)),
        ("get_watches", |c| watch(&c.today)),
        ("describe_tells", |c| describe(&c.today)),
        ("edit_saves_what_an_editor_changed", |c| edit(&c.today)),
        ("patch_label_and_annotate_change", |c| change(&c.today)),
        ("a_patch_that_does_not_fit_is_told_in_upstreams_words", |c| misfit(&c.today)),
        ("what_is_there_from_the_start_is_shown_whole", |c| from_the_start(&c.today)),
        ("fields_have_managers_with_names", |c| managers(&c.today)),
        ("explain_knows_fields", |c| explain(&c.today)),
        ("api_resources_lists_every_kind", |c| api_resources(&c.today)),
        ("auth_can_i_answers", |c| can_i(&c.today)),
        ("config_makes_a_kubeconfig_that_works", |c| config(&c.today, c)),
        ("a_deployment_is_rolled_out_exposed_scaled_and_undone", |c| deployment(&c.today)),
        ("coredns_comes_up_and_goes", |c| coredns(&c.today)),
        ("secrets_are_made_and_read", |c| secret(&c.today)),
        ("what_is_too_large_is_refused_by_name", |c| too_large(&c.today)),
        ("run_starts_a_pod", |c| run(&c.today)),
        ("a_namespace_goes_with_all_that_is_in_it", |c| namespace(&c.today)),
        ("diff_shows_what_apply_would_change", |c| diff(&c.today)),
        ("apply_on_the_server_conflicts_and_forces", |c| server_side(&c.today)),
        ("wait_and_rollout_status_end", |c| wait(&c.today)),
        ("cluster_info_and_version_answer", |c| info(&c.today)),
    ]
}

fn then() -> Vec<Case<Cluster>> {
    vec![
        ("then_apply_says_created_and_unchanged", |c| apply(&c.then)),
        ("then_get_prints_wide_yaml_json_and_paths", |c| get(&c.then)),
        ("then_get_watches", |c| watch(&c.then)),
        ("then_describe_tells", |c| describe(&c.then)),
        ("then_edit_saves_what_an_editor_changed", |c| edit(&c.then)),
        ("then_patch_label_and_annotate_change", |c| change(&c.then)),
        ("then_explain_knows_fields", |c| explain(&c.then)),
        ("then_api_resources_lists_every_kind", |c| api_resources(&c.then)),
        ("then_auth_can_i_answers", |c| can_i(&c.then)),
        ("then_config_shows_the_kubeconfig", |c| config_view(&c.then, c)),
        ("then_a_deployment_is_rolled_out_exposed_scaled_and_undone", |c| deployment(&c.then)),
        ("then_coredns_comes_up_and_goes", |c| coredns(&c.then)),
        ("then_secrets_are_made_and_read", |c| secret(&c.then)),
        ("then_run_starts_a_pod", |c| run(&c.then)),
        ("then_a_namespace_goes_with_all_that_is_in_it", |c| namespace(&c.then)),
        ("then_component_statuses_are_told", |c| component_statuses(&c.then)),
    ]
}

struct Cluster {
    today: Kubectl,
    then: Kubectl,
    orlop: Orlop,
    _folder: tempfile::TempDir,
}

impl Cluster {
    fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let orlop = Orlop::start(folder.path(), &["--in-memory", "--hollow-nodes=2"])?;
        let (today, then) = (orlop.kubectl("kubectl")?, orlop.kubectl("kubectl-1.20")?);
        until("two nodes are ready", || {
            let nodes = today.run("get nodes --no-headers")?;
            ensure!(nodes.matches(" Ready ").count() == 2, "{nodes}");
            Ok(())
        })?;
        Ok(Self { today, then, orlop, _folder: folder })
    }
}

/// Holds a text to contain others.
fn has(text: &str, words: &[&str]) -> Result<()> {
    for word in words {
        ensure!(text.contains(word), "{word:?} is missing from:\n{text}");
    }
    Ok(())
}

/// The words of each line.
fn columns(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().collect()).collect()
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {a: '1'}\n";

fn apply(kubectl: &Kubectl) -> Result<()> {
    let list = "apiVersion: v1\nkind: List\nitems:\n\
        - {apiVersion: v1, kind: ServiceAccount, metadata: {name: net}}\n\
        - {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: net}, \
           rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]}\n\
        - {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: net}, \
           roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: net}, \
           subjects: [{kind: ServiceAccount, name: net, namespace: default}]}\n\
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: net}, data: {a: b}}\n";
    let first = kubectl.feed("apply -f -", list)?;
    let names = [
        "serviceaccount/net",
        "clusterrole.rbac.authorization.k8s.io/net",
        "clusterrolebinding.rbac.authorization.k8s.io/net",
        "configmap/net",
    ];
    for name in names {
        has(&first, &[&format!("{name} created")])?;
    }
    let second = kubectl.feed("apply -f -", list)?;
    for name in names {
        has(&second, &[&format!("{name} unchanged")])?;
    }
    let third = kubectl.feed("apply -f -", &list.replace("{a: b}", "{a: c}"))?;
    has(&third, &["configmap/net configured", "serviceaccount/net unchanged"])?;
    has(&kubectl.feed("delete -f -", list)?, &["configmap \"net\" deleted"])
}

fn get(kubectl: &Kubectl) -> Result<()> {
    kubectl.feed("apply -f -", &MAP.replace("NAME", "shown"))?;
    let wide = kubectl.run("get nodes -o wide")?;
    let header = "NAME STATUS ROLES AGE VERSION INTERNAL-IP EXTERNAL-IP OS-IMAGE KERNEL-VERSION \
                  CONTAINER-RUNTIME";
    ensure!(columns(&wide)[0] == header.split_whitespace().collect::<Vec<_>>(), "{wide}");
    has(
        &kubectl.run("get cm shown -o yaml")?,
        &["apiVersion: v1\n", "  a: \"1\"\n", "  name: shown\n"],
    )?;
    ensure!(kubectl.json("get cm shown")?["data"]["a"] == "1");
    ensure!(kubectl.run("get cm shown -o jsonpath={.data.a}")? == "1");
    ensure!(kubectl.run("get cm shown -o name")? == "configmap/shown\n");
    let missing = kubectl.tell("get cm nothing", "")?;
    let told = "Error from server (NotFound): configmaps \"nothing\" not found\n";
    ensure!(!missing.ok && missing.err == told, "{}", missing.err);
    let spaces = kubectl.run("get ns --no-headers")?;
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        ensure!(columns(&spaces).iter().any(|row| row[..2] == [name, "Active"]), "{spaces}");
    }
    kubectl.run("delete cm shown").map(drop)
}

fn watch(kubectl: &Kubectl) -> Result<()> {
    let mut child = kubectl
        .command()
        .args(["get", "cm", "-w", "-o", "name", "--field-selector=metadata.name=watched"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
    // It may still be on its way when these come; both orders are told.
    kubectl.feed("apply -f -", &MAP.replace("NAME", "watched"))?;
    let first = lines.next().context("an event")??;
    ensure!(first == "configmap/watched", "{first}");
    kubectl.run("delete cm watched")?;
    let last = lines.next().context("an event")??;
    ensure!(last == "configmap/watched", "{last}");
    child.kill()?;
    child.wait()?;
    Ok(())
}

fn describe(kubectl: &Kubectl) -> Result<()> {
    let node = kubectl.run("describe node hollow-1")?;
    has(
        &node,
        &[
            "Name:               hollow-1",
            "Conditions:",
            "Ready",
            "Allocatable:",
            "Non-terminated Pods:",
        ],
    )?;
    let service = kubectl.run("describe service kubernetes")?;
    has(&service, &["Name:", "kubernetes", "10.32.0.1", "Port:", "https", "443/TCP", "Endpoints:"])
}

fn edit(kubectl: &Kubectl) -> Result<()> {
    kubectl.feed("apply -f -", &MAP.replace("NAME", "edited"))?;
    let folder = tempfile::tempdir()?;
    let editor = folder.path().join("editor");
    std::fs::write(&editor, "sed -i 's/^  a: \"1\"/  a: \"2\"/' \"$1\"\n")?;
    let output = kubectl
        .command()
        .args(["edit", "cm", "edited"])
        .env("KUBE_EDITOR", format!("sh {}", editor.display()))
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success() && said == "configmap/edited edited\n", "{said}{wrong}");
    ensure!(kubectl.run("get cm edited -o jsonpath={.data.a}")? == "2");
    kubectl.run("delete cm edited").map(drop)
}

fn change(kubectl: &Kubectl) -> Result<()> {
    kubectl.feed("apply -f -", &MAP.replace("NAME", "changed"))?;
    let said =
        kubectl.tell_words(&["patch", "cm", "changed", "-p", "{\"data\":{\"b\":\"2\"}}"], "")?;
    ensure!(said.out == "configmap/changed patched\n", "{}{}", said.out, said.err);
    let again =
        kubectl.tell_words(&["patch", "cm", "changed", "-p", "{\"data\":{\"b\":\"2\"}}"], "")?;
    ensure!(again.out == "configmap/changed patched (no change)\n", "{}{}", again.out, again.err);
    ensure!(kubectl.run("label cm changed x=y")? == "configmap/changed labeled\n");
    let refused = kubectl.tell("label cm changed x=z", "")?;
    ensure!(!refused.ok && refused.err.contains("--overwrite is false"), "{}", refused.err);
    ensure!(kubectl.run("annotate cm changed n=1")? == "configmap/changed annotated\n");
    ensure!(kubectl.run("get cm -l x=y -o name")? == "configmap/changed\n");
    ensure!(kubectl.run("get cm -l x!=y,x -o name")?.is_empty());
    let removed = kubectl.run("label cm changed x-")?;
    has(&removed, &["configmap/changed "])?;
    let all = kubectl.json("get cm changed")?;
    ensure!(all["data"]["b"] == "2" && all["metadata"]["labels"].is_null(), "{all}");
    ensure!(all["metadata"]["annotations"]["n"] == "1", "{all}");
    kubectl.run("delete cm changed").map(drop)
}

/// Recorded from upstream v1.36.3.
fn misfit(kubectl: &Kubectl) -> Result<()> {
    kubectl.feed("apply -f -", &MAP.replace("NAME", "fits"))?;
    let shown = |patch: &str, why: &str| {
        format!("The request is invalid: patch: Invalid value: \"{patch}\": {why}\n")
    };
    let map = "map[string]interface {}";
    for (patch, told) in [
        (r#"{"data":"x"}"#, shown("map[data:x]", "cannot restore map from string")),
        (r#"{"data":{"a":1}}"#, shown("map[data:map[a:1]]", "cannot convert int64 to string")),
        (r#"{"immutable":"x"}"#, shown("map[immutable:x]", "unrecognized type: bool")),
        (
            "\"x\"",
            format!(
                "Error from server (BadRequest): json: cannot unmarshal string into Go value of type {map}\n"
            ),
        ),
    ] {
        let said = kubectl.tell_words(&["patch", "cm", "fits", "-p", patch], "")?;
        ensure!(!said.ok && said.err == told, "{}{}", said.out, said.err);
    }
    let said = kubectl.tell_words(&["patch", "cm", "fits", "-p", r#"{"kind":"Pod"}"#], "")?;
    ensure!(said.out == "configmap/fits patched (no change)\n", "{}{}", said.out, said.err);
    kubectl.run("delete cm fits").map(drop)
}

fn from_the_start(kubectl: &Kubectl) -> Result<()> {
    until("each flow schema knows its level", || {
        let said = kubectl.run("get flowschemas --no-headers")?;
        ensure!(columns(&said).len() > 10, "{said}");
        ensure!(columns(&said).iter().all(|row| row.last() == Some(&"False")), "{said}");
        Ok(())
    })
}

fn managers(kubectl: &Kubectl) -> Result<()> {
    kubectl.run("create job managed --image=busybox -- true")?;
    until("the status of the job has a manager", || {
        let job = kubectl.json("get job managed --show-managed-fields")?;
        let entries = job["metadata"]["managedFields"].as_array().context("fields")?;
        let of_status = entries.iter().find(|entry| entry["subresource"] == "status");
        let of_status = of_status.context("a status")?;
        ensure!(of_status["manager"] == "kube-controller-manager", "{of_status}");
        // What the job has by default is nobody's.
        ensure!(of_status["fieldsV1"]["f:metadata"].is_null(), "{of_status}");
        Ok(())
    })?;
    let dry = kubectl.json("create job dry --image=busybox --dry-run=server")?;
    ensure!(dry["metadata"]["labels"]["job-name"] == "dry", "{dry}");
    kubectl.run("delete job managed").map(drop)
}

fn explain(kubectl: &Kubectl) -> Result<()> {
    let said = kubectl.run("explain pod.spec.containers")?;
    has(
        &said,
        &["KIND:", "Pod", "image", "livenessProbe", "List of containers belonging to the pod"],
    )?;
    let said = kubectl.run("explain deployment.spec.strategy")?;
    has(&said, &["Deployment", "rollingUpdate"])
}

fn api_resources(kubectl: &Kubectl) -> Result<()> {
    let said = kubectl.run("api-resources --no-headers")?;
    let count = said.lines().count();
    ensure!(count >= 60, "only {count}:\n{said}");
    has(&said, &["configmaps", "deployments", "networkpolicies", "priorityclasses", "leases"])?;
    has(&kubectl.run("api-versions")?, &["apps/v1\n", "v1\n", "rbac.authorization.k8s.io/v1\n"])
}

fn can_i(kubectl: &Kubectl) -> Result<()> {
    ensure!(kubectl.run("auth can-i create pods")? == "yes\n");
    let jane = kubectl.tell("auth can-i create pods --as=jane", "")?;
    ensure!(!jane.ok && jane.out.starts_with("no"), "{}{}", jane.out, jane.err);
    kubectl.run("create role pods --verb=get,list --resource=pods")?;
    kubectl.run("create rolebinding jane --role=pods --user=jane")?;
    until("jane may list pods", || {
        let said = kubectl.tell("auth can-i list pods --as=jane", "")?;
        ensure!(said.out == "yes\n", "{}{}", said.out, said.err);
        Ok(())
    })?;
    let refused = kubectl.tell("get secrets --as=jane", "")?;
    let told = "Error from server (Forbidden): secrets is forbidden: User \"jane\" cannot list resource \
                \"secrets\" in API group \"\" in the namespace \"default\"\n";
    ensure!(!refused.ok && refused.err == told, "{}", refused.err);
    kubectl.run("delete role/pods rolebinding/jane").map(drop)
}

fn config(kubectl: &Kubectl, cluster: &Cluster) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("made.kubeconfig");
    let pki = cluster.orlop.kubeconfig().with_file_name("pki");
    let name = |file: &str| pki.join(file).display().to_string();
    let (ca, certificate, key) = (name("ca.crt"), name("admin.crt"), name("admin.key"));
    let at = format!("--kubeconfig={}", file.display());
    let commands = [
        format!(
            "config set-cluster hard-way --embed-certs=true --certificate-authority={ca} --server={} {at}",
            cluster.orlop.url()
        ),
        format!(
            "config set-credentials admin --embed-certs=true --client-certificate={certificate} --client-key={key} {at}"
        ),
        format!("config set-context hard-way --cluster=hard-way --user=admin {at}"),
        format!("config use-context hard-way {at}"),
    ];
    for command in &commands {
        kubectl.run(command)?;
    }
    has(
        &kubectl.run(&format!("get nodes {at}"))?,
        &["NAME", "STATUS", "ROLES", "AGE", "VERSION", "hollow-1"],
    )
}

/// kubectl 1.20 as Debian builds it can't write user entries: its JSON library crashes.
fn config_view(kubectl: &Kubectl, cluster: &Cluster) -> Result<()> {
    has(&kubectl.run("config view")?, &["kind: Config", cluster.orlop.url(), "DATA+OMITTED"])?;
    let current = kubectl.run("config current-context")?;
    has(&kubectl.run("config get-contexts -o name")?, &[current.trim()])
}

fn deployment(kubectl: &Kubectl) -> Result<()> {
    ensure!(
        kubectl.run("create deployment nginx --image=nginx:1 --replicas=3")?
            == "deployment.apps/nginx created\n"
    );
    kubectl.run("rollout status deployment/nginx --timeout=240s")?;
    let wide = kubectl.run("get deployment nginx -o wide")?;
    let rows = columns(&wide);
    let header = "NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR";
    ensure!(rows[0] == header.split_whitespace().collect::<Vec<_>>(), "{wide}");
    ensure!(
        rows[1][..4] == ["nginx", "3/3", "3", "3"]
            && rows[1][5..] == ["nginx", "nginx:1", "app=nginx"],
        "{wide}"
    );
    let pods = kubectl.run("get pods -l app=nginx -o wide --no-headers")?;
    let nodes: std::collections::BTreeSet<&str> = columns(&pods).iter().map(|row| row[6]).collect();
    ensure!(nodes.len() == 2, "the pods are not on both nodes:\n{pods}");

    ensure!(kubectl.run("expose deployment/nginx --port=80")? == "service/nginx exposed\n");
    let services = kubectl.run("get service -o wide")?;
    has(&services, &["kubernetes", "443/TCP", "80/TCP", "app=nginx", "10.32.0."])?;
    until("the service has three addresses", || {
        let slices = kubectl.json("get endpointslices -l kubernetes.io/service-name=nginx")?;
        let count = slices["items"][0]["endpoints"].as_array().map_or(0, Vec::len);
        ensure!(count == 3, "{slices}");
        Ok(())
    })?;

    ensure!(
        kubectl.run("scale deployment nginx --replicas=5")? == "deployment.apps/nginx scaled\n"
    );
    kubectl.run("rollout status deployment/nginx --timeout=240s")?;
    ensure!(kubectl.json("get deployment nginx")?["status"]["readyReplicas"] == 5);

    kubectl.run("set image deployment/nginx nginx=nginx:2")?;
    kubectl.run("rollout status deployment/nginx --timeout=240s")?;
    has(&kubectl.run("rollout history deployment/nginx")?, &["REVISION", "1", "2"])?;
    has(&kubectl.run("rollout undo deployment/nginx")?, &["deployment.apps/nginx rolled back"])?;
    kubectl.run("rollout status deployment/nginx --timeout=240s")?;
    let image = "get deployment nginx -o jsonpath={.spec.template.spec.containers[0].image}";
    ensure!(kubectl.run(image)? == "nginx:1");

    kubectl.run("delete service nginx")?;
    kubectl.run("delete deployment nginx")?;
    until("all that it owned is gone", || {
        let left = kubectl.run("get pods,replicasets,endpointslices -o name -l app=nginx")?;
        ensure!(left.is_empty(), "{left}");
        Ok(())
    })
}

fn coredns(kubectl: &Kubectl) -> Result<()> {
    let file = repository().join("deploy/manifests/coredns.yaml");
    let made = kubectl.run(&format!("create -f {}", file.display()))?;
    let names = [
        "serviceaccount/coredns",
        "clusterrole.rbac.authorization.k8s.io/system:coredns",
        "clusterrolebinding.rbac.authorization.k8s.io/system:coredns",
        "configmap/coredns",
        "deployment.apps/coredns",
        "service/kube-dns",
    ];
    for name in names {
        has(&made, &[&format!("{name} created\n")])?;
    }
    kubectl.run("rollout status deployment/coredns -n kube-system --timeout=240s")?;
    let service = kubectl.run("get svc -n kube-system --no-headers")?;
    has(&service, &["kube-dns", "10.32.0.10", "53/UDP,53/TCP,9153/TCP"])?;
    let pods = kubectl.run("get pods -l k8s-app=kube-dns -n kube-system --no-headers")?;
    ensure!(pods.matches("1/1").count() == 2 && pods.matches("Running").count() == 2, "{pods}");
    kubectl.run(&format!("delete -f {}", file.display()))?;
    until("the pods are gone", || {
        let left = kubectl.run("get pods -n kube-system -o name")?;
        ensure!(left.is_empty(), "{left}");
        Ok(())
    })
}

fn secret(kubectl: &Kubectl) -> Result<()> {
    kubectl.run("create secret generic kubernetes-the-hard-way --from-literal=mykey=mydata")?;
    let table = kubectl.run("get secrets")?;
    ensure!(columns(&table)[0] == ["NAME", "TYPE", "DATA", "AGE"], "{table}");
    ensure!(columns(&table)[1][..3] == ["kubernetes-the-hard-way", "Opaque", "1"], "{table}");
    has(&kubectl.run("get secret kubernetes-the-hard-way -o yaml")?, &["  mykey: bXlkYXRh\n"])?;
    kubectl.run("delete secret kubernetes-the-hard-way").map(drop)
}

/// Over HTTP/2, where a stream that is reset early takes the answer with it.
fn too_large(kubectl: &Kubectl) -> Result<()> {
    let data = "x".repeat(4 << 20);
    let manifest = serde_json::json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large"}, "data": {"a": data},
    });
    let said = kubectl.tell("create -f -", &manifest.to_string())?;
    ensure!(!said.ok, "{}", said.out);
    has(&said.err, &["Request entity too large: limit is 3145728"])
}

fn run(kubectl: &Kubectl) -> Result<()> {
    ensure!(kubectl.run("run nginx --image=nginx")? == "pod/nginx created\n");
    kubectl.run("wait --for=condition=Ready pod/nginx --timeout=240s")?;
    let wide = kubectl.run("get pods -l run=nginx -o wide")?;
    let header = [
        "NAME",
        "READY",
        "STATUS",
        "RESTARTS",
        "AGE",
        "IP",
        "NODE",
        "NOMINATED",
        "NODE",
        "READINESS",
        "GATES",
    ];
    ensure!(columns(&wide)[0] == header, "{wide}");
    ensure!(columns(&wide)[1][..4] == ["nginx", "1/1", "Running", "0"], "{wide}");
    kubectl.run("delete pod nginx")?;
    let gone = kubectl.tell("get pod nginx", "")?;
    ensure!(gone.err.contains("not found"), "{}{}", gone.out, gone.err);
    Ok(())
}

fn namespace(kubectl: &Kubectl) -> Result<()> {
    kubectl.run("create namespace brief")?;
    kubectl.feed("apply -n brief -f -", &MAP.replace("NAME", "inside"))?;
    kubectl.run("create deployment inside --image=nginx -n brief")?;
    kubectl.run("delete namespace brief")?;
    let gone = kubectl.tell("get namespace brief", "")?;
    ensure!(gone.err.contains("namespaces \"brief\" not found"), "{}{}", gone.out, gone.err);
    let left = kubectl.run("get all,cm -n brief -o name")?;
    ensure!(left.is_empty(), "{left}");
    Ok(())
}

fn component_statuses(kubectl: &Kubectl) -> Result<()> {
    let said = kubectl.run("get componentstatuses")?;
    has(&said, &["NAME", "STATUS", "etcd-0", "Healthy"])
}

fn diff(kubectl: &Kubectl) -> Result<()> {
    kubectl.feed("apply -f -", &MAP.replace("NAME", "differs"))?;
    let same = kubectl.tell("diff -f -", &MAP.replace("NAME", "differs"))?;
    ensure!(same.ok && same.out.is_empty(), "{}{}", same.out, same.err);
    let other = kubectl.tell("diff -f -", &MAP.replace("NAME", "differs").replace("'1'", "'2'"))?;
    ensure!(!other.ok && other.out.contains("+  a: \"2\""), "{}{}", other.out, other.err);
    kubectl.run("delete cm differs").map(drop)
}

fn server_side(kubectl: &Kubectl) -> Result<()> {
    let map = MAP.replace("NAME", "owned");
    has(&kubectl.feed("apply --server-side -f -", &map)?, &["configmap/owned serverside-applied"])?;
    let other = map.replace("'1'", "'2'");
    let refused = kubectl.tell("apply --server-side --field-manager=other -f -", &other)?;
    ensure!(!refused.ok, "{}", refused.out);
    has(&refused.err, &["conflict with \"kubectl\"", ".data.a"])?;
    let forced = "apply --server-side --field-manager=other --force-conflicts -f -";
    has(&kubectl.feed(forced, &other)?, &["serverside-applied"])?;
    ensure!(kubectl.run("get cm owned -o jsonpath={.data.a}")? == "2");
    kubectl.run("delete cm owned").map(drop)
}

fn wait(kubectl: &Kubectl) -> Result<()> {
    kubectl.run("create deployment waits --image=nginx")?;
    kubectl.run("wait --for=condition=Available deployment/waits --timeout=240s")?;
    kubectl.run("rollout restart deployment/waits")?;
    kubectl.run("rollout status deployment/waits --timeout=240s")?;
    kubectl.run("delete deployment waits --cascade=foreground")?;
    kubectl.run("wait --for=delete deployment/waits --timeout=240s").map(drop)
}

fn info(kubectl: &Kubectl) -> Result<()> {
    has(&kubectl.run("cluster-info")?, &["control plane", "is running at"])?;
    has(&kubectl.run("version")?, &["Server Version: v1.36.3"])?;
    ensure!(kubectl.run("get --raw /readyz")? == "ok");
    Ok(())
}
