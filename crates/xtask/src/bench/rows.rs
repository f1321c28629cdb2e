//! The rows: each is one operation, done by a few connections for some seconds, on each server in
//! turn, so that what else the machine does falls on both.

use super::Options;
use super::client::{Ask, Connection, JSON, PROTOBUF};
use super::objects::{self, NAMESPACE, compared, pod, pod_status};
use super::report::{Figures, Report};
use super::servers::ApiServer;
use super::watchers;
use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// The connections that send small requests.
const CONNECTIONS: usize = 8;
/// Protobuf of two servers differs in the length of numbers: at most by this share.
const SIZE_TOLERANCE: f64 = 0.02;
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

/// What one request of a row is, by its number.
type Make = fn(usize) -> (Method, String, &'static str, Vec<u8>);

struct Row {
    name: &'static str,
    accept: &'static str,
    connections: usize,
    make: Make,
    /// No more than have been made by the row before.
    at_most: Option<usize>,
}

const ROWS: &[Row] = &[
    Row { name: "GET a pod", accept: JSON, connections: CONNECTIONS, make: get, at_most: None },
    Row {
        name: "LIST pods, resourceVersion=0, JSON",
        accept: JSON,
        connections: 1,
        make: |_| list("resourceVersion=0"),
        at_most: None,
    },
    Row {
        name: "LIST pods, resourceVersion=0, protobuf",
        accept: PROTOBUF,
        connections: 1,
        make: |_| list("resourceVersion=0"),
        at_most: None,
    },
    Row {
        name: "LIST pods, consistent, JSON",
        accept: JSON,
        connections: 1,
        make: |_| list(""),
        at_most: None,
    },
    Row {
        name: "LIST pods of a node, resourceVersion=0",
        accept: JSON,
        connections: CONNECTIONS,
        make: |n| {
            let node = n % objects::NODES;
            list(&format!("resourceVersion=0&fieldSelector=spec.nodeName%3Dnode-{node}"))
        },
        at_most: None,
    },
    Row {
        name: "LIST pods by a label that none has",
        accept: JSON,
        connections: CONNECTIONS,
        make: |_| list("resourceVersion=0&labelSelector=app%3Dnone"),
        at_most: None,
    },
    Row { name: "POST a pod", accept: JSON, connections: CONNECTIONS, make: post, at_most: None },
    Row {
        name: "PATCH a pod's status, strategic merge",
        accept: JSON,
        connections: CONNECTIONS,
        make: patch_status,
        at_most: None,
    },
    Row {
        name: "PATCH apply, create a ConfigMap",
        accept: JSON,
        connections: CONNECTIONS,
        make: apply,
        at_most: None,
    },
];

/// Measures all rows.
pub(super) async fn all(
    options: &Options,
    servers: &[ApiServer],
    report: &mut Report,
) -> Result<()> {
    let wanted = |name: &str| options.row.as_deref().is_none_or(|row| name.contains(row));
    for server in servers {
        fill(server, options.pods, report).await?;
    }
    agree(servers, report).await?;
    for row in ROWS.iter().filter(|row| wanted(row.name)) {
        let mut figures = Vec::new();
        for server in servers {
            let measured = one(server, row, options.seconds).await;
            figures.push(measured.with_context(|| format!("{}: {}", server.name, row.name))?);
        }
        report.row(row.name, figures.clone());
        if row.name == "POST a pod" {
            delete(servers, &figures, options.seconds, report).await?;
        }
    }
    if wanted("watch") {
        watchers::fan_out(options, servers, report).await?;
    }
    for server in servers {
        let mib = server.process.resident_mib()?;
        report.note(format!("{}: {mib:.1} MiB resident at the end", server.name));
    }
    Ok(())
}

/// The pods of the row before, gone again.
async fn delete(
    servers: &[ApiServer],
    made: &[Figures],
    seconds: f64,
    report: &mut Report,
) -> Result<()> {
    let mut figures = Vec::new();
    for (server, made) in servers.iter().zip(made) {
        let row = Row {
            name: "DELETE a pod",
            accept: JSON,
            connections: CONNECTIONS,
            make: |n| {
                let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/new-{n}");
                (Method::DELETE, format!("{path}?gracePeriodSeconds=0"), "", Vec::new())
            },
            at_most: Some(made.operations as usize),
        };
        figures.push(one(server, &row, seconds).await.context("DELETE")?);
    }
    report.row("DELETE a pod", figures);
    Ok(())
}

async fn one(server: &ApiServer, row: &Row, seconds: f64) -> Result<Figures> {
    let (accept, make) = (row.accept, row.make);
    let mut connections = Vec::new();
    for _ in 0..row.connections {
        let mut connection = server.address.connect().await?;
        // The handshake is not part of the row.
        connection.ask(Ask::get("/version", JSON)).await?;
        connections.push(connection);
    }
    let next = Arc::new(AtomicUsize::new(0));
    let cpu = server.process.cpu()?;
    let began = runtime::clock::monotonic();
    let deadline = began + Duration::from_secs_f64(seconds);
    let limit = row.at_most.unwrap_or(usize::MAX);
    let tasks: Vec<_> = connections
        .into_iter()
        .map(|connection| {
            let next = next.clone();
            runtime::spawn("requests", async move {
                requests(connection, &next, limit, deadline, accept, make).await
            })
        })
        .collect();
    let mut operations = 0;
    for task in tasks {
        operations += task.await.map_err(|_| anyhow::anyhow!("a task was stopped"))??;
    }
    Ok(Figures { operations, cpu: server.process.cpu()? - cpu, elapsed: began.elapsed() })
}

async fn requests(
    mut connection: Connection,
    next: &AtomicUsize,
    limit: usize,
    deadline: runtime::clock::Instant,
    accept: &'static str,
    make: Make,
) -> Result<u64> {
    let mut done = 0;
    while runtime::clock::monotonic() < deadline {
        let number = next.fetch_add(1, Relaxed);
        if number >= limit {
            break;
        }
        let (method, path, content_type, body) = make(number);
        let ask = Ask { method, path: &path, accept, content_type, body: body.into() };
        connection.size(ask).await?;
        done += 1;
    }
    Ok(done)
}

async fn fill(server: &ApiServer, pods: usize, report: &mut Report) -> Result<()> {
    let mut connection = server.address.connect().await?;
    let namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
    let body = namespace.to_string();
    connection.ask(Ask::send(Method::POST, "/api/v1/namespaces", JSON, body)).await?;
    let before_mib = server.process.resident_mib()?;
    let next = Arc::new(AtomicUsize::new(0));
    let deadline = runtime::clock::monotonic() + Duration::from_secs(600);
    let make: Make = |n| {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/pods");
        (Method::POST, path, JSON, pod(&format!("pod-{n}"), n).to_string().into_bytes())
    };
    let mut tasks = Vec::new();
    for _ in 0..CONNECTIONS {
        let (connection, next) = (server.address.connect().await?, next.clone());
        tasks.push(runtime::spawn("fill", async move {
            requests(connection, &next, pods, deadline, JSON, make).await
        }));
    }
    for task in tasks {
        task.await.map_err(|_| anyhow::anyhow!("a task was stopped"))??;
    }
    let kib = (server.process.resident_mib()? - before_mib) * 1024.0 / pods as f64;
    report.note(format!("{}: {kib:.1} KiB of memory for each of {pods} pods", server.name));
    Ok(())
}

/// Says where the answers of both servers differ; that is a fault, but its own one.
async fn agree(servers: &[ApiServer], report: &mut Report) -> Result<()> {
    let [ours, upstream] = servers else { return Ok(()) };
    let (mut ours, mut upstream) =
        (ours.address.connect().await?, upstream.address.connect().await?);
    for row in ROWS {
        let (method, path, ..) = (row.make)(7);
        if method != Method::GET {
            continue;
        }
        let one = ours.ask(Ask::get(&path, row.accept)).await?;
        let other = upstream.ask(Ask::get(&path, row.accept)).await?;
        let mut differing = Vec::new();
        if row.accept == PROTOBUF {
            let (one, other) = (one.len() as f64, other.len() as f64);
            if (one - other).abs() > other * SIZE_TOLERANCE {
                differing.push(format!("{one} bytes, and {other} of upstream's"));
            }
        } else {
            let one = compared(&serde_json::from_slice::<Value>(&one)?);
            let other = compared(&serde_json::from_slice::<Value>(&other)?);
            differences(&one, &other, String::new(), &mut differing);
        }
        if let Some(first) = differing.first() {
            let count = differing.len();
            report.note(format!("{}: {count} differences, the first: {first}", row.name));
        }
    }
    Ok(())
}

fn differences(one: &Value, other: &Value, path: String, out: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                differences(&one[key], &other[key], format!("{path}.{key}"), out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                differences(a, b, format!("{path}[{at}]"), out);
            }
        }
        _ if one != other => out.push(format!("{path}: {one}, and {other} of upstream's")),
        _ => {}
    }
}

fn get(number: usize) -> (Method, String, &'static str, Vec<u8>) {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/pod-{}", number % 100);
    (Method::GET, path, "", Vec::new())
}

fn list(query: &str) -> (Method, String, &'static str, Vec<u8>) {
    (Method::GET, format!("/api/v1/pods?{query}"), "", Vec::new())
}

fn post(number: usize) -> (Method, String, &'static str, Vec<u8>) {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods");
    let body = pod(&format!("new-{number}"), number).to_string();
    (Method::POST, path, JSON, body.into_bytes())
}

fn patch_status(number: usize) -> (Method, String, &'static str, Vec<u8>) {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/pod-{}/status", number % 100);
    (Method::PATCH, path, STRATEGIC, pod_status(number / 100).to_string().into_bytes())
}

fn apply(number: usize) -> (Method, String, &'static str, Vec<u8>) {
    let name = format!("applied-{number}");
    let path = format!("/api/v1/namespaces/{NAMESPACE}/configmaps/{name}?fieldManager=bench");
    let body = objects::config_map(&name, "applied").to_string();
    (Method::PATCH, path, APPLY, body.into_bytes())
}
