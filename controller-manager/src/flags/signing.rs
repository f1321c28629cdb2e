//! `--cluster-signing-*-file`: one CA for all signers, or one for each. Mirrors
//! `csrsigningcontroller.go` of `k8s.io/kubernetes/cmd/kube-controller-manager/app/options`.

use crate::settings::{SigningPair, SigningPairs};
use crate::signers::{API_CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY_UNKNOWN};
use runtime::flags::Parsed;

/// Each signer, the middle of its flags' names, and how upstream's errors call it.
const SIGNERS: [(&str, &str, &str); 4] = [
    (KUBELET_SERVING, "kubelet-serving", "cluster-signing-kubelet-serving"),
    (KUBELET_CLIENT, "kubelet-client", "cluster-signing-kube-apiserver-client"),
    (API_CLIENT, "kube-apiserver-client", "cluster-signing-kube-apiserver"),
    (LEGACY_UNKNOWN, "legacy-unknown", "cluster-signing-legacy-unknown"),
];

/// The CA of each signer that has one.
pub(super) fn pairs(flags: &Parsed) -> Result<SigningPairs, String> {
    let mut own = SigningPairs::new();
    for (signer, middle, called) in SIGNERS {
        let pair = pair(flags, &format!("cluster-signing-{middle}"));
        if let Some(pair) = pair.map_err(|why| format!("{called:?}: {why}"))? {
            own.insert(signer, pair);
        }
    }
    let shared = ["cluster-signing-cert-file", "cluster-signing-key-file"].map(|n| flags.text(n));
    if own.is_empty() {
        // One file without the other signs nothing, and is no error either.
        let pair = pair(flags, "cluster-signing").ok().flatten();
        return Ok(pair
            .into_iter()
            .flat_map(|pair| SIGNERS.map(|(signer, ..)| (signer, pair.clone())))
            .collect());
    }
    if shared.iter().any(|file| !file.is_empty()) {
        return Err("cannot specify --cluster-signing-{cert,key}-file and other \
                    --cluster-signing-*-file flags at the same time"
            .into());
    }
    Ok(own)
}

fn pair(flags: &Parsed, prefix: &str) -> Result<Option<SigningPair>, &'static str> {
    let [certificate, key] =
        ["cert", "key"].map(|part| flags.text(&format!("{prefix}-{part}-file")));
    match (certificate, key) {
        ("", "") => Ok(None),
        ("", _) => Err("cannot specify key without cert"),
        (_, "") => Err("cannot specify cert without key"),
        _ => Ok(Some(SigningPair { certificate: certificate.into(), key: key.into() })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pair_serves_all_or_each_its_own() {
        let read = |words: &[&str]| {
            let words = words.iter().map(|word| format!("--cluster-signing-{word}"));
            let parsed = runtime::flags::parse(&super::super::table(), words).expect("known");
            let pairs = pairs(&parsed)?;
            let text = |(signer, pair): (&&str, &SigningPair)| {
                format!("{signer} {}", pair.certificate.display())
            };
            Ok(pairs.iter().map(text).collect::<Vec<_>>())
        };
        let error = |text: &str| Err::<Vec<String>, _>(text.to_owned());
        assert_eq!(read(&[]), Ok(vec![]));
        assert_eq!(read(&["cert-file=c"]), Ok(vec![]));
        assert_eq!(read(&["cert-file=c", "key-file=k"]).map(|all: Vec<_>| all.len()), Ok(4));
        assert_eq!(
            read(&["kubelet-client-cert-file=c", "kubelet-client-key-file=k"]),
            Ok(vec!["kubernetes.io/kube-apiserver-client-kubelet c".to_owned()])
        );
        assert_eq!(
            read(&["legacy-unknown-cert-file=c"]),
            error("\"cluster-signing-legacy-unknown\": cannot specify cert without key")
        );
        assert_eq!(
            read(&["key-file=x", "kubelet-client-cert-file=c", "kubelet-client-key-file=k"]),
            error(
                "cannot specify --cluster-signing-{cert,key}-file and other \
                 --cluster-signing-*-file flags at the same time"
            )
        );
    }
}
