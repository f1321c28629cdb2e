//! `hollow-node`: runs hollow nodes against an API server, for tests by hand.
//!
//! `hollow-node KUBECONFIG NAME...`

use anyhow::Context as _;
use client::ConnectOptions;
use runtime::Shutdown;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    runtime::logging::start(0, runtime::logging::Format::Text);
    let mut words = std::env::args().skip(1);
    let kubeconfig = words.next().context("usage: hollow-node KUBECONFIG NAME...")?;
    let options =
        ConnectOptions { kubeconfig: Some(kubeconfig.into()), ..ConnectOptions::default() };
    let client = client::connect(&options).await?;
    let shutdown = Shutdown::on_signals()?;
    let nodes = words.enumerate().map(|(index, name)| {
        let (client, shutdown) = (client.clone(), shutdown.clone());
        async move {
            let subnet = u8::try_from(index + 1).unwrap_or(u8::MAX);
            orlop_hollow::run(client, &name, subnet, shutdown).await;
        }
    });
    futures::future::join_all(nodes).await;
    Ok(())
}
