//! The API's semantics, asked by HTTP: watches, pages, selectors, dry runs, names, finalizers, owners
//! and preconditions.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::process::ExitCode;
use testkit::cases::{self, Case};
use testkit::{Caller, Orlop, until};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn main() -> ExitCode {
    let cases: &[Case<Server>] = &[
        ("a_watch_tells_changes_in_order", watch_order),
        ("a_watch_from_zero_begins_with_what_is_there", watch_from_zero),
        ("a_selector_makes_leaving_a_deletion", watch_selector),
        ("a_watch_from_the_past_says_410_in_its_stream", watch_expired),
        ("a_watch_list_ends_with_a_bookmark", watch_list),
        ("a_watch_in_protobuf_has_frames", watch_protobuf),
        ("a_watch_ends_after_timeout_seconds", watch_timeout),
        ("a_watch_of_tables_sends_columns_once", watch_table),
        ("pages_are_of_one_revision", pages),
        ("a_token_that_is_none_is_400", wrong_token),
        ("labels_and_fields_select", selectors),
        ("a_dry_run_leaves_nothing", dry_run),
        ("a_generated_name_is_a_new_one", generated_name),
        ("finalizers_hold_a_deletion", finalizers),
        ("owners_take_their_dependents_with_them", owners),
        ("preconditions_hold_a_deletion", preconditions),
        ("deletecollection_takes_what_is_selected", delete_collection),
        ("patches_of_four_kinds_change", patches),
        ("a_status_is_changed_by_its_own_path_alone", status),
        ("the_generation_counts_changes_of_the_spec", generation),
        ("protobuf_and_json_say_the_same", protobuf),
        ("an_update_that_changes_nothing_keeps_its_revision", no_change),
        ("field_validation_warns_by_default", warning),
        ("an_api_that_goes_away_says_so_with_every_answer", going_away),
        ("the_options_of_a_proxied_request_are_not_ours", proxied_options),
        ("health_says_which_check", health),
        ("impersonation_is_as_good_as_being", impersonation),
    ];
    cases::run(Server::start, cases)
}

struct Server {
    admin: Caller,
    orlop: Orlop,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let orlop = Orlop::start(folder.path(), &["--in-memory"])?;
        Ok(Self { admin: orlop.caller()?, orlop, _folder: folder })
    }

    fn make(&self, name: &str, labels: Value) -> Result<Value> {
        let map = json!({"metadata": {"name": name, "labels": labels}, "data": {"a": "1"}});
        self.admin.post(MAPS, &map)?.expect(201)
    }

    fn change(&self, name: &str, patch: &Value) -> Result<Value> {
        self.admin.patch(&format!("{MAPS}/{name}"), "merge", patch)?.expect(200)
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.admin.delete(&format!("{MAPS}/{name}"))?.expect(200).map(drop)
    }
}

fn version(object: &Value) -> Result<&str> {
    object["metadata"]["resourceVersion"].as_str().context("a resourceVersion")
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(|item| item["metadata"]["name"].as_str()).collect()
}

fn watch_order(server: &Server) -> Result<()> {
    let from = version(&server.admin.get(MAPS)?.expect(200)?)?.to_owned();
    let mut expected = vec![];
    for at in 0..5 {
        let name = format!("order-{at}");
        let made = server.make(&name, json!({"set": "order"}))?;
        expected.push(("ADDED", version(&made)?.to_owned()));
        let changed = server.change(&name, &json!({"data": {"a": "2"}}))?;
        expected.push(("MODIFIED", version(&changed)?.to_owned()));
        server.remove(&name)?;
        expected.push(("DELETED", String::new()));
    }
    let path = format!("{MAPS}?watch=true&labelSelector=set%3Dorder&resourceVersion={from}");
    let mut events = server.admin.watch(&path)?;
    let mut last = 0;
    for (kind, at) in expected {
        let event = events.next_event()?.context("an event")?;
        ensure!(event["type"] == kind, "{event}");
        ensure!(at.is_empty() || version(&event["object"])? == at, "{event}");
        let now: u64 = version(&event["object"])?.parse()?;
        ensure!(now > last, "{event} after {last}");
        last = now;
    }
    Ok(())
}

fn watch_from_zero(server: &Server) -> Result<()> {
    server.make("zero", json!({"set": "zero"}))?;
    let path = format!("{MAPS}?watch=true&labelSelector=set%3Dzero&resourceVersion=0");
    let mut events = server.admin.watch(&path)?;
    let event = events.next_event()?.context("an event")?;
    ensure!(event["type"] == "ADDED" && event["object"]["metadata"]["name"] == "zero", "{event}");
    server.remove("zero")
}

fn watch_selector(server: &Server) -> Result<()> {
    let made = server.make("leaves", json!({"set": "in"}))?;
    let path =
        format!("{MAPS}?watch=true&labelSelector=set%3Din&resourceVersion={}", version(&made)?);
    let mut events = server.admin.watch(&path)?;
    let set =
        |value: &str| server.change("leaves", &json!({"metadata": {"labels": {"set": value}}}));
    set("out")?;
    let event = events.next_event()?.context("an event")?;
    ensure!(event["type"] == "DELETED", "{event}");
    set("in")?;
    let event = events.next_event()?.context("an event")?;
    ensure!(event["type"] == "ADDED", "{event}");
    server.remove("leaves")
}

fn watch_expired(server: &Server) -> Result<()> {
    let mut events = server.admin.watch(&format!("{MAPS}?watch=true&resourceVersion=1"))?;
    ensure!(events.code == 200, "{}", events.code);
    let event = events.next_event()?.context("an event")?;
    // A young history may still have all of it.
    if event["type"] == "ERROR" {
        let status = &event["object"];
        ensure!(status["code"] == 410 && status["reason"] == "Expired", "{event}");
        ensure!(events.next_event()?.is_none(), "it goes on");
    }
    Ok(())
}

fn watch_list(server: &Server) -> Result<()> {
    server.make("listed", json!({"set": "listed"}))?;
    let path = format!(
        "{MAPS}?watch=true&labelSelector=set%3Dlisted&sendInitialEvents=true\
         &resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    );
    let mut events = server.admin.watch(&path)?;
    let first = events.next_event()?.context("an event")?;
    ensure!(first["type"] == "ADDED", "{first}");
    let second = events.next_event()?.context("an event")?;
    let annotation = &second["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"];
    ensure!(second["type"] == "BOOKMARK" && annotation == "true", "{second}");
    server.remove("listed")
}

fn watch_protobuf(server: &Server) -> Result<()> {
    let made = server.make("frames", json!({"set": "frames"}))?;
    let caller = server
        .orlop
        .caller()?
        .with_header("accept", "application/vnd.kubernetes.protobuf;stream=watch");
    let before: u64 = version(&made)?.parse::<u64>()? - 1;
    let path = format!("{MAPS}?watch=true&labelSelector=set%3Dframes&resourceVersion={before}");
    let mut events = caller.watch(&path)?;
    let length = u32::from_be_bytes(events.bytes(4)?.try_into().expect("four bytes"));
    let frame = events.bytes(length as usize)?;
    let has = |word: &[u8]| frame.windows(word.len()).any(|window| window == word);
    ensure!(
        has(b"ADDED") && has(b"k8s\0") && has(b"frames") && has(b"ConfigMap"),
        "{}",
        frame.escape_ascii()
    );
    server.remove("frames")
}

fn watch_timeout(server: &Server) -> Result<()> {
    let path = format!("{MAPS}?watch=true&labelSelector=set%3Dnothing&timeoutSeconds=1");
    let mut events = server.admin.watch(&path)?;
    while let Some(event) = events.next_event()? {
        ensure!(event["type"] == "BOOKMARK", "{event}");
    }
    Ok(())
}

fn watch_table(server: &Server) -> Result<()> {
    server.make("row-1", json!({"set": "rows"}))?;
    server.make("row-2", json!({"set": "rows"}))?;
    let caller = server
        .orlop
        .caller()?
        .with_header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
    let path = format!("{MAPS}?watch=true&labelSelector=set%3Drows&resourceVersion=0");
    let mut events = caller.watch(&path)?;
    let first = events.next_event()?.context("an event")?;
    let second = events.next_event()?.context("an event")?;
    ensure!(first["object"]["kind"] == "Table", "{first}");
    ensure!(
        first["object"]["columnDefinitions"].as_array().is_some_and(|c| c.len() == 3),
        "{first}"
    );
    ensure!(second["object"]["columnDefinitions"].as_array().is_none_or(Vec::is_empty), "{second}");
    ensure!(second["object"]["rows"].as_array().is_some_and(|rows| rows.len() == 1), "{second}");
    server.remove("row-1")?;
    server.remove("row-2")
}

fn pages(server: &Server) -> Result<()> {
    for at in 0..7 {
        server.make(&format!("page-{at}"), json!({"set": "pages"}))?;
    }
    let path = format!("{MAPS}?labelSelector=set%3Dpages&limit=3");
    let first = server.admin.get(&path)?.expect(200)?;
    ensure!(names(&first) == ["page-0", "page-1", "page-2"], "{first}");
    // What comes and goes between pages is of another revision.
    server.remove("page-4")?;
    server.make("page-9", json!({"set": "pages"}))?;
    let mut all: Vec<String> = names(&first).iter().map(ToString::to_string).collect();
    let mut token = first["metadata"]["continue"].as_str().context("a token")?.to_owned();
    while !token.is_empty() {
        let next = server.admin.get(&format!("{path}&continue={token}"))?.expect(200)?;
        ensure!(version(&next)? == version(&first)?, "{next}");
        all.extend(names(&next).iter().map(ToString::to_string));
        token = next["metadata"]["continue"].as_str().unwrap_or_default().to_owned();
    }
    let expected: Vec<String> = (0..7).map(|at| format!("page-{at}")).collect();
    ensure!(all == expected, "{all:?}");
    let whole = server.admin.delete(&format!("{MAPS}?labelSelector=set%3Dpages"))?;
    whole.expect(200).map(drop)
}

fn wrong_token(server: &Server) -> Result<()> {
    let status = server.admin.get(&format!("{MAPS}?limit=1&continue=nonsense"))?.expect(400)?;
    ensure!(status["reason"] == "BadRequest", "{status}");
    Ok(())
}

fn selectors(server: &Server) -> Result<()> {
    server.make("a", json!({"tier": "x", "set": "select"}))?;
    server.make("b", json!({"tier": "y", "set": "select"}))?;
    server.make("c", json!({"set": "select"}))?;
    let rows = [
        ("labelSelector=set%3Dselect", vec!["a", "b", "c"]),
        ("labelSelector=set%3Dselect,tier", vec!["a", "b"]),
        ("labelSelector=set%3Dselect,!tier", vec!["c"]),
        ("labelSelector=set%3Dselect,tier%20in%20(x,z)", vec!["a"]),
        ("labelSelector=set%3Dselect,tier%20notin%20(x)", vec!["b", "c"]),
        ("labelSelector=set%3Dselect,tier!%3Dx", vec!["b", "c"]),
        ("fieldSelector=metadata.name%3Db", vec!["b"]),
        ("labelSelector=set%3Dselect&fieldSelector=metadata.name!%3Db", vec!["a", "c"]),
    ];
    for (query, expected) in rows {
        let list = server.admin.get(&format!("{MAPS}?{query}"))?.expect(200)?;
        ensure!(names(&list) == expected, "{query}: {:?}", names(&list));
    }
    for query in ["labelSelector=%21%21", "fieldSelector=data.a%3D1"] {
        let status = server.admin.get(&format!("{MAPS}?{query}"))?.expect(400)?;
        ensure!(status["reason"] == "BadRequest", "{status}");
    }
    for name in ["a", "b", "c"] {
        server.remove(name)?;
    }
    Ok(())
}

fn dry_run(server: &Server) -> Result<()> {
    let dry = json!({"metadata": {"name": "dry"}, "data": {"a": "1"}});
    let made = server.admin.post(&format!("{MAPS}?dryRun=All"), &dry)?.expect(201)?;
    ensure!(made["metadata"]["uid"].is_string(), "{made}");
    ensure!(server.admin.get(&format!("{MAPS}/dry"))?.code == 404);
    let kept = server.make("kept-dry", json!({}))?;
    let path = format!("{MAPS}/kept-dry?dryRun=All");
    let changed = server.admin.patch(&path, "merge", &json!({"data": {"a": "2"}}))?.expect(200)?;
    ensure!(changed["data"]["a"] == "2", "{changed}");
    server.admin.delete(&path)?.expect(200)?;
    let now = server.admin.get(&format!("{MAPS}/kept-dry"))?.expect(200)?;
    ensure!(now == kept, "{now}");
    let status = server.admin.post(&format!("{MAPS}?dryRun=Some"), &dry)?;
    ensure!(status.code == 400 || status.code == 422, "{}", status.text());
    server.remove("kept-dry")
}

fn generated_name(server: &Server) -> Result<()> {
    let map = json!({"metadata": {"generateName": "made-"}});
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let made = server.admin.post(MAPS, &map)?.expect(201)?;
        let name = made["metadata"]["name"].as_str().context("a name")?.to_owned();
        let suffix = name.strip_prefix("made-").context("its prefix")?;
        let alphabet = "bcdfghjklmnpqrstvwxz2456789";
        ensure!(suffix.len() == 5 && suffix.chars().all(|c| alphabet.contains(c)), "{name}");
        ensure!(made["metadata"]["generateName"] == "made-", "{made}");
        ensure!(seen.insert(name));
    }
    for name in seen {
        server.remove(&name)?;
    }
    Ok(())
}

fn finalizers(server: &Server) -> Result<()> {
    let map = json!({"metadata": {"name": "held", "finalizers": ["example.com/hold"]}});
    server.admin.post(MAPS, &map)?.expect(201)?;
    server.admin.delete(&format!("{MAPS}/held"))?.expect(200)?;
    let held = server.admin.get(&format!("{MAPS}/held"))?.expect(200)?;
    ensure!(held["metadata"]["deletionTimestamp"].is_string(), "{held}");
    let more = json!({"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}});
    let refused = server.admin.patch(&format!("{MAPS}/held"), "merge", &more)?;
    ensure!(refused.code == 422, "{}", refused.text());
    server.change("held", &json!({"metadata": {"finalizers": null}}))?;
    ensure!(server.admin.get(&format!("{MAPS}/held"))?.code == 404);
    Ok(())
}

fn owners(server: &Server) -> Result<()> {
    let owner = server.make("owner", json!({}))?;
    let dependent = json!({"metadata": {"name": "owned", "ownerReferences": [{
        "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"],
    }]}});
    server.admin.post(MAPS, &dependent)?.expect(201)?;
    server.remove("owner")?;
    until("the dependent is collected", || {
        ensure!(server.admin.get(&format!("{MAPS}/owned"))?.code == 404);
        Ok(())
    })
}

fn preconditions(server: &Server) -> Result<()> {
    let made = server.make("careful", json!({}))?;
    let path = format!("{MAPS}/careful");
    let delete = |preconditions: Value| {
        let options =
            json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions});
        server.admin.ask("DELETE", &path, "application/json", options.to_string().as_bytes())
    };
    for wrong in [json!({"uid": "other"}), json!({"resourceVersion": "1"})] {
        let status = delete(wrong)?.expect(409)?;
        ensure!(status["reason"] == "Conflict", "{status}");
    }
    let right = json!({"uid": made["metadata"]["uid"], "resourceVersion": version(&made)?});
    delete(right)?.expect(200).map(drop)
}

fn delete_collection(server: &Server) -> Result<()> {
    for (name, set) in [("go-1", "go"), ("go-2", "go"), ("stay", "stay")] {
        server.make(name, json!({"set": set}))?;
    }
    server.admin.delete(&format!("{MAPS}?labelSelector=set%3Dgo"))?.expect(200)?;
    let left =
        server.admin.get(&format!("{MAPS}?labelSelector=set%20in%20(go,stay)"))?.expect(200)?;
    ensure!(names(&left) == ["stay"], "{left}");
    server.remove("stay")
}

fn patches(server: &Server) -> Result<()> {
    let pods = json!([{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]);
    let deployment = json!({
        "metadata": {"name": "patched"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": pods}}},
    });
    let folder = "/apis/apps/v1/namespaces/default/deployments";
    let path = format!("{folder}/patched");
    server.admin.post(folder, &deployment)?.expect(201)?;
    let image = |object: &Value, at: usize| {
        object["spec"]["template"]["spec"]["containers"][at]["image"].as_str().map(str::to_owned)
    };
    let one = |image: &str| json!({"spec": {"template": {"spec": {"containers": [{"name": "a", "image": image}]}}}});
    let strategic = server.admin.patch(&path, "strategic", &one("z"))?.expect(200)?;
    ensure!(image(&strategic, 0).as_deref() == Some("z"), "{strategic}");
    ensure!(image(&strategic, 1).as_deref() == Some("y"), "{strategic}");
    let operation =
        json!([{"op": "replace", "path": "/spec/template/spec/containers/1/image", "value": "w"}]);
    let json_patch = server.admin.patch(&path, "json", &operation)?.expect(200)?;
    ensure!(image(&json_patch, 1).as_deref() == Some("w"), "{json_patch}");
    let merge = server.admin.patch(&path, "merge", &one("v"))?.expect(200)?;
    ensure!(image(&merge, 0).as_deref() == Some("v") && image(&merge, 1).is_none(), "{merge}");
    let config = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "patched"},
        "spec": {"replicas": 3}});
    let conflict = server.admin.patch(&format!("{path}?fieldManager=me"), "apply", &config)?;
    let status = conflict.expect(409)?;
    ensure!(status["details"]["causes"][0]["field"] == ".spec.replicas", "{status}");
    let forced = format!("{path}?fieldManager=me&force=true");
    let applied = server.admin.patch(&forced, "apply", &config)?.expect(200)?;
    ensure!(applied["spec"]["replicas"] == 3, "{applied}");
    server.admin.delete(&path)?.expect(200).map(drop)
}

fn status(server: &Server) -> Result<()> {
    let folder = "/api/v1/namespaces/default/resourcequotas";
    let quota = json!({"metadata": {"name": "parts"}, "spec": {"hard": {"secrets": "10"}},
        "status": {"hard": {"secrets": "99"}}});
    let made = server.admin.post(folder, &quota)?.expect(201)?;
    ensure!(made["status"]["hard"].is_null(), "{made}");
    let path = format!("{folder}/parts");
    let both = json!({"spec": {"hard": {"secrets": "11"}}, "status": {"hard": {"secrets": "12"}}});
    let own = server.admin.patch(&path, "merge", &both)?.expect(200)?;
    ensure!(own["spec"]["hard"]["secrets"] == "11", "{own}");
    ensure!(own["status"]["hard"]["secrets"] != "12", "{own}");
    let both = json!({"spec": {"hard": {"secrets": "13"}}, "status": {"hard": {"secrets": "14"}}});
    let status = server.admin.patch(&format!("{path}/status"), "merge", &both)?.expect(200)?;
    ensure!(status["spec"]["hard"]["secrets"] == "11", "{status}");
    ensure!(status["status"]["hard"]["secrets"] == "14", "{status}");
    server.admin.delete(&path)?.expect(200).map(drop)
}

fn generation(server: &Server) -> Result<()> {
    let folder = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies";
    let policy = json!({"metadata": {"name": "counted"}, "spec": {"podSelector": {}}});
    let path = format!("{folder}/counted");
    let made = server.admin.post(folder, &policy)?.expect(201)?;
    ensure!(made["metadata"]["generation"] == 1, "{made}");
    let labelled = json!({"metadata": {"labels": {"a": "b"}}});
    let same = server.admin.patch(&path, "merge", &labelled)?.expect(200)?;
    ensure!(same["metadata"]["generation"] == 1, "{same}");
    let other = json!({"spec": {"podSelector": {"matchLabels": {"a": "b"}}}});
    let next = server.admin.patch(&path, "merge", &other)?.expect(200)?;
    ensure!(next["metadata"]["generation"] == 2, "{next}");
    server.admin.delete(&path)?.expect(200).map(drop)
}

fn protobuf(server: &Server) -> Result<()> {
    server.make("wire", json!({"a": "b"}))?;
    let path = format!("{MAPS}/wire");
    let answer = server.admin.get_as(&path, "application/vnd.kubernetes.protobuf")?;
    ensure!(answer.header("content-type") == "application/vnd.kubernetes.protobuf", "{answer:?}");
    ensure!(answer.body.starts_with(b"k8s\0"), "{}", answer.body.escape_ascii());
    // What was read as protobuf is written as protobuf, and nothing changes.
    let before = server.admin.get(&path)?.expect(200)?;
    let kind = "application/vnd.kubernetes.protobuf";
    let after = server.admin.ask("PUT", &path, kind, &answer.body)?.expect(200)?;
    ensure!(
        before["data"] == after["data"] && before["metadata"]["uid"] == after["metadata"]["uid"],
        "{after}"
    );
    server.remove("wire")
}

fn no_change(server: &Server) -> Result<()> {
    let made = server.make("same", json!({}))?;
    let again = server.admin.put(&format!("{MAPS}/same"), &made)?.expect(200)?;
    ensure!(version(&again)? == version(&made)?, "{again}");
    server.remove("same")
}

fn warning(server: &Server) -> Result<()> {
    let map = json!({"metadata": {"name": "warned"}, "datta": {}});
    let answer = server.admin.post(MAPS, &map)?;
    ensure!(answer.code == 201, "{}", answer.text());
    ensure!(answer.header("warning").contains("unknown field \\\"datta\\\""), "{answer:?}");
    let quiet = server.admin.post(
        &format!("{MAPS}?fieldValidation=Ignore&dryRun=All"),
        &json!({"metadata": {"name": "quiet"}, "datta": {}}),
    )?;
    ensure!(quiet.code == 201 && quiet.header("warning").is_empty(), "{quiet:?}");
    server.remove("warned")
}

fn going_away(server: &Server) -> Result<()> {
    let endpoints = "/api/v1/namespaces/default/endpoints";
    for (path, code) in [(endpoints, 200), (&format!("{endpoints}/nothing"), 404)] {
        let answer = server.admin.get(path)?;
        ensure!(answer.code == code, "{}", answer.text());
        ensure!(answer.header("warning").contains("v1 Endpoints is deprecated"), "{answer:?}");
    }
    Ok(())
}

fn proxied_options(server: &Server) -> Result<()> {
    let body = json!({});
    let answer = server.admin.post("/api/v1/nodes/nobody/proxy/x?dryRun=perhaps", &body)?;
    ensure!(answer.code == 404, "{}", answer.text());
    ensure!(answer.text().contains("nodes \\\"nobody\\\" not found"), "{}", answer.text());
    Ok(())
}

fn health(server: &Server) -> Result<()> {
    let text = server.admin.get("/readyz?verbose")?.text();
    for line in ["[+]ping ok", "[+]etcd ok", "readyz check passed"] {
        ensure!(text.contains(line), "{text}");
    }
    ensure!(server.admin.get("/livez/ping")?.text() == "ok");
    ensure!(server.admin.get("/livez/nothing")?.code == 404);
    let version = server.admin.get("/version")?.expect(200)?;
    ensure!(version["gitVersion"] == "v1.36.3" && version["minor"] == "36", "{version}");
    Ok(())
}

fn impersonation(server: &Server) -> Result<()> {
    let jane = server.orlop.caller()?.with_header("impersonate-user", "jane");
    let review = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let seen = jane.post(review, &body)?.expect(201)?;
    ensure!(seen["status"]["userInfo"]["username"] == "jane", "{seen}");
    let refused = jane.get("/api/v1/secrets")?.expect(403)?;
    let Some(message) = refused["message"].as_str() else { bail!("{refused}") };
    ensure!(message.contains("User \"jane\" cannot list resource \"secrets\""), "{message}");
    Ok(())
}
