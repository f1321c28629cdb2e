//! `orlop pki`: every certificate, key and kubeconfig of a cluster built the hard way, and its
//! encryption configuration, under the names that the unit files of `deploy/systemd` expect.
//!
//! What is there is never changed: a second run adds what lacks, and names what it finds that is
//! not what was asked for. It signs with the CA that it finds, whoever made it.

mod kept;
mod node;
mod plan;

use crate::authority::{Authority, CA_DAYS, LEAF_DAYS, Outcome, Pair};
use crate::files;
use crate::kubeconfig::Kubeconfig;
use crate::say;
use anyhow::{Result, anyhow, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use node::Node;
use plan::{Leaf, Signer};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// How many bytes the key has that encrypts secrets: AES-256.
const ENCRYPTION_KEY_BYTES: usize = 32;
const AFTER_HELP: &str = "\
Example, for one controller and two workers:

  orlop pki --out pki --server 10.240.0.10 \\
    --node wrk01.kube.com=10.240.0.21 --node wrk02.kube.com=10.240.0.22

makes, in pki/, all of mode 0600:

  ca.pem, ca-key.pem                        the cluster's CA; keep its key away from the nodes
  kubernetes.pem, -key.pem                  for the API server and etcd
  service-account.pem, -key.pem             for the tokens of service accounts
  front-proxy-ca.pem, front-proxy-client.pem, -key.pem   for aggregated API servers
  encryption-config.yaml                    with a key of its own
  admin, kube-controller-manager, kube-scheduler, kube-proxy, wrk01.kube.com, wrk02.kube.com:
                                            .pem, -key.pem and .kubeconfig each

A node that joins later: the same command again, with its --node added. A certificate that ends:
delete it and its .kubeconfig, and run the command again; its key stays.";

/// What to make.
#[derive(Clone, Debug, Parser)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// The folder to make everything in; what is there already stays
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// An address or name of the API server, once for each; the first is where nodes and
    /// kubectl look for it, unless --url says otherwise
    #[arg(long, value_name = "HOST", required = true, value_parser = node::host)]
    server: Vec<String>,
    /// Where nodes and kubectl find the API server, such as a load balancer
    /// [default: https://HOST:6443]
    #[arg(long)]
    url: Option<String>,
    /// The addresses of services: the API server is the first of them
    #[arg(long, value_name = "CIDR", default_value = "10.32.0.0/24")]
    service_cluster_ip_range: String,
    /// The domain of services
    #[arg(long, value_name = "DOMAIN", default_value = "cluster.local")]
    cluster_domain: String,
    /// A worker and its addresses, once for each
    #[arg(long = "node", value_name = "NAME=IP[,IP]")]
    nodes: Vec<Node>,
    /// How long the CAs are good for
    #[arg(long, value_name = "DAYS", default_value_t = CA_DAYS, value_parser = days())]
    ca_days: u32,
    /// How long all other certificates are good for
    #[arg(long, value_name = "DAYS", default_value_t = LEAF_DAYS, value_parser = days())]
    days: u32,
}

fn days() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=36_500)
}

/// Makes what lacks; an error where something that is there is not what was asked for.
pub(crate) fn run(options: &Options) -> Result<()> {
    let first = first_service_address(&options.service_cluster_ip_range)?;
    let leaves = plan::leaves(&options.server, first, &options.cluster_domain, &options.nodes);
    files::make_folder(&options.out)?;
    let mut folder = Folder { path: &options.out, faults: vec![] };

    let (authority, outcome) = Authority::ensure(folder.pair("ca"), "Kubernetes", options.ca_days)?;
    folder.tell("ca.pem", outcome);
    let (front_proxy, outcome) =
        Authority::ensure(folder.pair("front-proxy-ca"), "front-proxy", options.ca_days)?;
    folder.tell("front-proxy-ca.pem", outcome);
    for leaf in &leaves {
        let signer = match leaf.signer {
            Signer::Cluster => &authority,
            Signer::FrontProxy => &front_proxy,
        };
        folder.leaf(leaf, signer, options.days)?;
    }
    let url = options.url.clone().unwrap_or_else(|| url_of(&options.server[0]));
    for leaf in &leaves {
        folder.kubeconfig(leaf, &url, &authority)?;
    }
    folder.encryption()?;
    folder.conclude()
}

/// The folder, and what in it is not as it was asked for.
struct Folder<'a> {
    path: &'a Path,
    faults: Vec<String>,
}

impl Folder<'_> {
    fn pair(&self, name: &str) -> Pair {
        Pair {
            certificate: self.path.join(format!("{name}.pem")),
            key: self.path.join(format!("{name}-key.pem")),
        }
    }

    fn tell(&self, file: &str, outcome: Outcome) {
        let word = match outcome {
            Outcome::Made => "made",
            Outcome::Kept => "kept",
        };
        say::line(&format!("{word}  {}", self.path.join(file).display()));
    }

    fn leaf(&mut self, leaf: &Leaf, signer: &Authority, days: u32) -> Result<()> {
        let pair = self.pair(&leaf.file);
        let outcome = signer.ensure_leaf(&pair, &leaf.subject, days)?;
        let file = format!("{}.pem", leaf.file);
        self.tell(&file, outcome);
        if outcome == Outcome::Kept {
            let (text, ca) = (files::read(&pair.certificate)?, signer.certificate_pem()?);
            let now = runtime::clock::now();
            let mut faults = kept::faults(&text, &leaf.subject, &ca, now.as_second())
                .map_err(|why| anyhow!("{}: {why}", pair.certificate.display()))?;
            if !pair.key.exists() {
                faults.push(format!("has no {}-key.pem", leaf.file));
            } else if !pair.belongs_together()? {
                faults.push(format!("is not the certificate of the key in {}-key.pem", leaf.file));
            }
            self.faults.extend(faults.iter().map(|fault| format!("{file} {fault}")));
        }
        Ok(())
    }

    fn kubeconfig(&mut self, leaf: &Leaf, url: &str, authority: &Authority) -> Result<()> {
        let Some(local) = leaf.kubeconfig else { return Ok(()) };
        let file = format!("{}.kubeconfig", leaf.file);
        let pair = self.pair(&leaf.file);
        if !pair.key.exists() {
            return Ok(());
        }
        let server = if local { "https://127.0.0.1:6443" } else { url };
        let wanted = Kubeconfig {
            cluster: "kubernetes-the-hard-way",
            context: "default",
            user: &leaf.subject.name,
            server,
            ca_pem: &authority.certificate_pem()?,
            pair: &pair,
        };
        let wanted = wanted.text()?;
        let path = self.path.join(&file);
        if !path.exists() {
            files::write(&path, &wanted)?;
            self.tell(&file, Outcome::Made);
            return Ok(());
        }
        self.tell(&file, Outcome::Kept);
        if files::read(&path)? != wanted {
            self.faults.push(format!("{file} has another server, CA or certificate"));
        }
        Ok(())
    }

    fn encryption(&self) -> Result<()> {
        let file = "encryption-config.yaml";
        let path = self.path.join(file);
        if path.exists() {
            self.tell(file, Outcome::Kept);
            return Ok(());
        }
        let key = STANDARD.encode(runtime::entropy::bytes::<ENCRYPTION_KEY_BYTES>());
        files::write(&path, &encryption_config(&key))?;
        self.tell(file, Outcome::Made);
        Ok(())
    }

    fn conclude(self) -> Result<()> {
        if self.faults.is_empty() {
            return Ok(());
        }
        bail!(
            "kept, though not what was asked for (delete them to have them made anew):\n  {}",
            self.faults.join("\n  ")
        )
    }
}

fn first_service_address(range: &str) -> Result<IpAddr> {
    let network = api_server::ServiceNetwork::parse(range, "30000-32767");
    Ok(network.map_err(|why| anyhow!(why))?.kubernetes_address())
}

fn url_of(host: &str) -> String {
    match host.parse() {
        Ok(IpAddr::V6(address)) => format!("https://[{address}]:6443"),
        _ => format!("https://{host}:6443"),
    }
}

/// As `deploy/systemd/1.36/encryption-config.yaml` has it, with a key.
fn encryption_config(key: &str) -> String {
    format!(
        "kind: EncryptionConfiguration
apiVersion: apiserver.config.k8s.io/v1
resources:
  - resources:
      - secrets
    providers:
      - aescbc:
          keys:
            - name: key1
              secret: {key}
      - identity: {{}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::{encryption_config, url_of};

    #[test]
    fn urls() {
        assert_eq!(url_of("10.240.0.10"), "https://10.240.0.10:6443");
        assert_eq!(url_of("ctl01.kube.com"), "https://ctl01.kube.com:6443");
        assert_eq!(url_of("fd00::1"), "https://[fd00::1]:6443");
    }

    #[test]
    fn the_encryption_configuration_is_the_one_that_is_deployed() {
        let deployed = include_str!("../../../deploy/systemd/1.36/encryption-config.yaml");
        assert_eq!(encryption_config("${ENCRYPTION_KEY}"), deployed);
    }
}
