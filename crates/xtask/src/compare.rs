//! `cargo xtask compare [FILTER]`: this repository's kube-apiserver and upstream's, each on an etcd
//! of its own, are asked the same; status, headers, bodies and stored bytes are held against each
//! other, apart from what differs between any two runs (UIDs, times, versions, drawn names).
//!
//! The exchanges are scripts (`scripts/*.http`) and, for every kind of the catalogue, one story of
//! an object's life. With `--on-demand` both serve every version that they know, and the stories are
//! those of the versions that are off by default. `known.txt` names the differences that are known, each with its reason.

mod answer;
mod connection;
mod exchange;
mod known;
mod life;
mod side;
mod stored;

use crate::repository;
use crate::upstream::ControlPlane;
use anyhow::{Context, Result, bail};
use exchange::Exchange;
use known::Known;
use side::Side;
use std::path::PathBuf;
use std::process::Command;

/// What upstream alone would have to be set up for; both run without it.
const FLAGS: &[&str] = &[
    "--disable-admission-plugins=ServiceAccount",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged",
];

/// What both are told beside this, to serve every version that upstream has.
const ON_DEMAND: &[&str] = &[
    "--runtime-config=api/all=true",
    "--feature-gates=ClusterTrustBundle=true,GenericWorkload=true,StorageVersionMigrator=true",
    // They are for controllers that do not run here.
    "--disable-admission-plugins=PodGroupProtection,PodGroupWorkloadExists",
];

/// What the prelude asks of a new cluster, in which gates bring more roles.
const AT_THE_START: &str = "all at the start";

const SCRIPTS: &[(&str, &str)] = &[
    ("prelude", include_str!("compare/scripts/prelude.http")),
    ("configmap", include_str!("compare/scripts/configmap.http")),
    ("deployment", include_str!("compare/scripts/deployment.http")),
    ("refusals", include_str!("compare/scripts/refusals.http")),
    ("negotiation", include_str!("compare/scripts/negotiation.http")),
    ("lists", include_str!("compare/scripts/lists.http")),
    ("deletion", include_str!("compare/scripts/deletion.http")),
    ("delete_options", include_str!("compare/scripts/delete_options.http")),
    ("options", include_str!("compare/scripts/options.http")),
    ("binding", include_str!("compare/scripts/binding.http")),
    ("requests", include_str!("compare/scripts/requests.http")),
    ("pod_security", include_str!("compare/scripts/pod_security.http")),
    ("fixed", include_str!("compare/scripts/fixed.http")),
    ("impersonation", include_str!("compare/scripts/impersonation.http")),
    ("nodes", include_str!("compare/scripts/nodes.http")),
    ("subresources", include_str!("compare/scripts/subresources.http")),
    ("log_accept", include_str!("compare/scripts/log_accept.http")),
    ("scale", include_str!("compare/scripts/scale.http")),
    ("admission", include_str!("compare/scripts/admission.http")),
];

/// Compares; what is equal is counted, what differs is printed.
///
/// # Errors
/// Where a server does not start, or an answer differs that is not known to.
pub fn run(filter: &str, full: bool, on_demand: bool, program: Option<PathBuf>) -> Result<()> {
    let program = program.map_or_else(build, Ok)?;
    let flags = if on_demand { [FLAGS, ON_DEMAND].concat() } else { FLAGS.to_vec() };
    let ours = ControlPlane::start_program(&program, &flags).context("this repository's server")?;
    let theirs = ControlPlane::start(&flags).context("upstream's server")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut comparison =
        Comparison { equal: 0, known: 0, different: 0, full, listed: Known::read()? };
    runtime.block_on(compare(&mut comparison, &ours, &theirs, filter, on_demand))?;
    let Comparison { equal, known, different, .. } = comparison;
    println!("{equal} equal, {known} known to differ, {different} different");
    if different > 0 {
        bail!("{different} answers differ from upstream's");
    }
    Ok(())
}

fn build() -> Result<PathBuf> {
    let built = Command::new("cargo").args(["build", "-q", "-p", "kube-apiserver"]).status()?;
    if !built.success() {
        bail!("kube-apiserver does not build");
    }
    Ok(repository().join("target/debug/kube-apiserver"))
}

struct Comparison {
    equal: usize,
    known: usize,
    different: usize,
    full: bool,
    listed: Known,
}

async fn compare(
    comparison: &mut Comparison,
    ours: &ControlPlane,
    theirs: &ControlPlane,
    filter: &str,
    on_demand: bool,
) -> Result<()> {
    let mut pair = (Side::new(ours)?, Side::new(theirs)?);
    let scripts = if on_demand { &SCRIPTS[..1] } else { SCRIPTS };
    for (name, text) in scripts {
        if name.contains(filter) || filter.contains(name) || *name == "prelude" {
            let mut script = exchange::parse(name, text)?;
            script.retain(|exchange| !on_demand || !exchange.name.contains(AT_THE_START));
            comparison.play(&mut pair, &script).await?;
        }
    }
    for life in life::all(filter, on_demand)? {
        pair.0.forget();
        pair.1.forget();
        comparison.play(&mut pair, &life.before).await?;
        if let Some(prefix) = &life.stored_below {
            let values = stored::below(ours, theirs, prefix)?;
            for (key, ours, theirs) in values {
                comparison.note(&format!("{} stored {key}", life.name), &ours, &theirs);
            }
        }
        comparison.play(&mut pair, &life.after).await?;
    }
    Ok(())
}

impl Comparison {
    async fn play(&mut self, pair: &mut (Side, Side), script: &[Exchange]) -> Result<()> {
        for exchange in script {
            let (ours, theirs) = tokio::join!(pair.0.ask(exchange), pair.1.ask(exchange));
            let context = || format!("{}: {} {}", exchange.name, exchange.method, exchange.path);
            let ours = ours.with_context(context)?;
            let theirs = theirs.with_context(context)?;
            let name = format!("{}: {} {}", exchange.name, exchange.method, exchange.path);
            self.note(&name, &ours, &theirs);
        }
        Ok(())
    }

    fn note(&mut self, name: &str, ours: &str, theirs: &str) {
        if ours == theirs {
            self.equal += 1;
            return;
        }
        if self.listed.reason(name, ours, theirs).is_some() {
            self.known += 1;
            return;
        }
        self.different += 1;
        println!("{name}");
        if self.full {
            println!("  ours   {ours}\n  theirs {theirs}\n");
        } else {
            println!("  ours   {}", excerpt(ours, theirs));
            println!("  theirs {}\n", excerpt(theirs, ours));
        }
    }
}

/// What stands around the first place where a text differs from another.
fn excerpt<'a>(text: &'a str, other: &str) -> std::borrow::Cow<'a, str> {
    const BEFORE: usize = 100;
    const WIDTH: usize = 420;
    let same = text.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let bytes = &text.as_bytes()[same.saturating_sub(BEFORE)..];
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(WIDTH)]).into_owned();
    shown.replace('\n', "\n         ").into()
}
