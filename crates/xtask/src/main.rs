//! `cargo xtask`: the generators and checks of this repository. Each command is a module of the
//! library; nothing here is shipped.

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Generates and checks what this repository commits")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes crates/schema/tables/builtin.txt from upstream's Go modules
    Schema {
        /// Only say whether the committed table is what would be written
        #[arg(long)]
        check: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Schema { check } => xtask::schema::run(check),
    }
}
