//! The fan-out of one change to many watchers.

use super::Options;
use super::client::{Address, Ask, JSON};
use super::objects::{NAMESPACE, config_map};
use super::report::{Figures, Report};
use super::servers::ApiServer;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt;
use runtime::clock::{Instant, monotonic};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// The changes in a second, at most; each waits until all have seen the one before.
const CHANGES_MAX: usize = 400;

/// When each change was sent, by its number.
type Sent = Arc<Mutex<Vec<Instant>>>;

/// How many watchers have begun, events were seen, and their delays in microseconds.
#[derive(Clone, Default)]
struct Seen {
    begun: usize,
    events: usize,
    delays_micros: Vec<u64>,
}

pub(super) async fn fan_out(
    options: &Options,
    servers: &[ApiServer],
    report: &mut Report,
) -> Result<()> {
    let mut figures = Vec::new();
    for server in servers {
        let measured = one(options, server, report).await;
        figures.push(measured.with_context(|| format!("{}: watches", server.name))?);
    }
    report.row(&format!("watch, {} watchers, each event", options.watchers), figures);
    Ok(())
}

async fn one(options: &Options, server: &ApiServer, report: &mut Report) -> Result<Figures> {
    let before_mib = server.process.resident_mib()?;
    let (sent, seen) = (Sent::default(), watch::Sender::new(Seen::default()));
    let mut tasks = Vec::new();
    for _ in 0..options.watchers {
        let work = watcher(server.address.clone(), sent.clone(), seen.clone());
        tasks.push(runtime::spawn("watcher", work));
    }
    let mut progress = seen.subscribe();
    let limit = Duration::from_secs(30);
    runtime::clock::timeout(limit, progress.wait_for(|seen| seen.begun == options.watchers))
        .await
        .context("watches do not begin")??;
    let kib = (server.process.resident_mib()? - before_mib) * 1024.0 / options.watchers as f64;
    report.note(format!("{}: {kib:.1} KiB of memory for each watch and connection", server.name));

    let mut writer = server.address.connect().await?;
    writer.ask(Ask::get("/version", JSON)).await?;
    let cpu = server.process.cpu()?;
    let began = monotonic();
    let mut changes = 0;
    while changes < CHANGES_MAX && began.elapsed().as_secs_f64() < options.seconds {
        let name = format!("seen-{}", server.name);
        let body = config_map(&name, &format!("turn={changes};")).to_string();
        let collection = format!("/api/v1/namespaces/{NAMESPACE}/configmaps");
        sent.lock().expect("no holder panics").push(monotonic());
        if changes == 0 {
            writer.ask(Ask::send(Method::POST, &collection, JSON, body)).await?;
        } else {
            let path = format!("{collection}/{name}");
            writer.ask(Ask::send(Method::PUT, &path, JSON, body)).await?;
        }
        changes += 1;
        let all = changes * options.watchers;
        runtime::clock::timeout(limit, progress.wait_for(|seen| seen.events >= all))
            .await
            .context("events do not come")??;
    }
    let elapsed = began.elapsed();
    let cpu = server.process.cpu()? - cpu;
    let mut delays = seen.borrow().delays_micros.clone();
    delays.sort_unstable();
    let p99 = delays.get(delays.len() * 99 / 100).copied().unwrap_or_default();
    report.note(format!("{}: p99 from write to watcher {:.1} ms", server.name, p99 as f64 / 1e3));
    Ok(Figures { operations: (changes * options.watchers) as u64, cpu, elapsed })
}

async fn watcher(address: Address, sent: Sent, seen: watch::Sender<Seen>) -> Result<()> {
    let mut connection = address.connect().await?;
    let path = format!(
        "/api/v1/namespaces/{NAMESPACE}/configmaps?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan"
    );
    let (status, mut body) = connection.begin(Ask::get(&path, JSON)).await?;
    if !status.is_success() {
        bail!("{status}: {:?}", body.collect().await?.to_bytes());
    }
    seen.send_modify(|seen| seen.begun += 1);
    let mut line: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let now = monotonic();
        for part in data.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            if line.ends_with(b"\n") {
                let turn = turn(&Bytes::copy_from_slice(&line)).context("an event of no turn")?;
                let at = sent.lock().expect("no holder panics")[turn];
                let delay = now.saturating_duration_since(at).as_micros() as u64;
                seen.send_modify(|seen| {
                    seen.events += 1;
                    seen.delays_micros.push(delay);
                });
                line.clear();
            }
        }
    }
    Ok(())
}

/// The number of the change that an event tells of.
fn turn(event: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(event).ok()?;
    let behind = text.split_once("turn=")?.1;
    behind.split_once(';')?.0.parse().ok()
}
