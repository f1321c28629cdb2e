//! `cargo xtask`: the generators and checks of this repository. Each command is a module of the
//! library; nothing here is shipped.

use clap::{Parser, Subcommand};
use xtask::upstream::ControlPlane;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Generates and checks what this repository commits")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the whole check, from bringing what is missing to `N passed, N failed`
    Test {
        /// Against the programs as they are released, which take long to build
        #[arg(long)]
        release: bool,
    },
    /// Walks the hard way on real nodes, as the last part of `test`, with the programs that are built
    Hardway {
        /// Where our programs lie
        #[arg(long, default_value = "target/debug")]
        programs: std::path::PathBuf,
    },
    /// Says where the repository breaks the rules of docs/STYLE.md
    Tidy,
    /// Prints how fast and how large the servers are, with --upstream beside upstream's
    Bench(xtask::bench::Options),
    /// Writes crates/schema/tables/builtin.txt from upstream's Go modules
    Schema {
        /// Only say whether the committed table is what would be written
        #[arg(long)]
        check: bool,
    },
    /// Asks upstream's code and writes its answers below tests/golden
    #[command(subcommand)]
    Record(Record),
    /// Asks this repository's kube-apiserver and upstream's the same, and shows how the answers differ
    Compare {
        /// Only exchanges whose names contain this
        filter: Option<String>,
        /// Show the answers whole
        #[arg(long)]
        full: bool,
        /// The versions that are off by default, and nothing else
        #[arg(long)]
        on_demand: bool,
        /// The program to compare, instead of one built now
        #[arg(long)]
        program: Option<std::path::PathBuf>,
    },
    /// Runs an upstream kube-apiserver with etcd on loopback until the end of input
    Upstream {
        /// Flags for kube-apiserver, behind `--`
        #[arg(last = true)]
        flags: Vec<String>,
    },
}

#[derive(Subcommand)]
enum Record {
    /// What defaulting fills in, for every kind
    Defaults,
    /// What patches and applies give, and who owns which fields then
    Patch,
    /// What the Pod Security Standards have against pods
    PodSecurity,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Test { release } => {
            // Its last line is the outcome, and nothing comes after it.
            if !xtask::check::run(release)? {
                std::process::exit(1);
            }
            Ok(())
        }
        Command::Hardway { programs } => hardway(&programs),
        Command::Tidy => xtask::tidy::run(),
        Command::Bench(options) => xtask::bench::run(&options),
        Command::Upstream { flags } => upstream(&flags),
        Command::Compare { filter, full, on_demand, program } => {
            let filter = filter.as_deref().unwrap_or_default();
            xtask::compare::run(filter, full, on_demand, program)
        }
        Command::Schema { check } => xtask::schema::run(check),
        Command::Record(Record::Defaults) => xtask::record::defaults::run(),
        Command::Record(Record::Patch) => xtask::record::patch::run(),
        Command::Record(Record::PodSecurity) => xtask::record::pod_security::run(),
    }
}

fn hardway(programs: &std::path::Path) -> anyhow::Result<()> {
    if let Some(why) = xtask::hardway::hindrance()? {
        anyhow::bail!("no nodes on this machine: {why}");
    }
    xtask::hardway::prepare()?;
    let rows = xtask::hardway::walk(&std::path::absolute(programs)?)?;
    anyhow::ensure!(rows.failed == 0, "{} rows failed", rows.failed);
    Ok(())
}

fn upstream(flags: &[String]) -> anyhow::Result<()> {
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let plane = ControlPlane::start(&flags)?;
    println!("{} token {} etcd {}", plane.url(), ControlPlane::ADMIN_TOKEN, plane.etcd_url());
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
