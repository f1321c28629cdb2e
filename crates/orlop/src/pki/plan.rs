//! Which certificates there are, for whom, and who has a kubeconfig: the table of the hard way.

use super::node::Node;
use crate::authority::Subject;
use std::net::IpAddr;

/// Which CA signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signer {
    /// The one that everybody trusts.
    Cluster,
    /// The one that the API server shows itself by to aggregated API servers. It is another, since
    /// whoever has a certificate of it may speak for any user.
    FrontProxy,
}

/// A certificate to be.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// Its file, without `.pem`.
    pub(super) file: String,
    pub(super) subject: Subject,
    pub(super) signer: Signer,
    /// Whether it has a kubeconfig, and then, whether to the API server on its own machine.
    pub(super) kubeconfig: Option<bool>,
}

/// The users of the control plane and its administrator: file, name, group, and whether they stand
/// beside an API server.
const USERS: &[(&str, &str, &str, bool)] = &[
    ("admin", "admin", "system:masters", false),
    (
        "kube-controller-manager",
        "system:kube-controller-manager",
        "system:kube-controller-manager",
        true,
    ),
    ("kube-scheduler", "system:kube-scheduler", "system:kube-scheduler", true),
    ("kube-proxy", "system:kube-proxy", "system:node-proxier", false),
];

/// All certificates but the CAs': `servers` are hosts of the API server, `first` the first address
/// of services.
pub(super) fn leaves(servers: &[String], first: IpAddr, domain: &str, nodes: &[Node]) -> Vec<Leaf> {
    let mut leaves = vec![
        leaf("kubernetes", "kubernetes", "Kubernetes", api_server_hosts(servers, first, domain)),
        leaf("service-account", "service-accounts", "Kubernetes", vec![]),
        Leaf {
            signer: Signer::FrontProxy,
            ..leaf("front-proxy-client", "front-proxy-client", "", vec![])
        },
    ];
    for (file, name, group, local) in USERS {
        leaves.push(Leaf { kubeconfig: Some(*local), ..leaf(file, name, group, vec![]) });
    }
    for Node { name, addresses } in nodes {
        let hosts = std::iter::once(name.clone()).chain(addresses.iter().map(IpAddr::to_string));
        let node = leaf(name, &format!("system:node:{name}"), "system:nodes", hosts.collect());
        leaves.push(Leaf { kubeconfig: Some(false), ..node });
    }
    leaves
}

fn leaf(file: &str, name: &str, group: &str, hosts: Vec<String>) -> Leaf {
    let subject = Subject { name: name.to_owned(), group: group.to_owned(), hosts };
    Leaf { file: file.to_owned(), subject, signer: Signer::Cluster, kubeconfig: None }
}

/// Under which names and addresses the API server and etcd are called.
fn api_server_hosts(servers: &[String], first: IpAddr, domain: &str) -> Vec<String> {
    let mut hosts = servers.to_vec();
    let mut add = |host: String| {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    };
    add(first.to_string());
    for name in [
        "127.0.0.1",
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster",
    ] {
        add(name.to_owned());
    }
    add(format!("kubernetes.default.svc.{domain}"));
    hosts
}

#[cfg(test)]
mod tests {
    use super::super::node::RESERVED;
    use super::leaves;

    #[test]
    fn every_file_has_a_name_that_no_node_takes() {
        let first = "10.32.0.1".parse().unwrap();
        let node = "wrk01=10.240.0.21".parse().unwrap();
        let leaves = leaves(&["10.240.0.10".to_owned()], first, "cluster.local", &[node]);
        for leaf in &leaves {
            let reserved = RESERVED.contains(&leaf.file.as_str());
            assert_eq!(reserved, leaf.file != "wrk01", "{}", leaf.file);
        }
        let hosts = &leaves[0].subject.hosts;
        for host in
            ["10.240.0.10", "10.32.0.1", "127.0.0.1", "kubernetes.default.svc.cluster.local"]
        {
            assert!(hosts.iter().any(|named| named == host), "{host} is not in {hosts:?}");
        }
        assert_eq!(leaves.last().unwrap().subject.hosts, ["wrk01", "10.240.0.21"]);
    }
}
