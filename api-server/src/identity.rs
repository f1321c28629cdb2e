//! The authenticators of this server, out of its flags and their files.
//!
//! Mirrors `pkg/kubeapiserver/options/authentication.go` of `k8s.io/kubernetes`.

use crate::fixed::Issuer;
use crate::settings::Identity;
use anyhow::{Context, Result, anyhow, bail};
use auth::authentication::anonymous::Anonymous;
use auth::authentication::bootstrap::BootstrapTokens;
use auth::authentication::front_proxy::FrontProxy;
use auth::authentication::service_account::{
    BoundTokens, LegacyTokens, SigningKey, VerifyingKey, VerifyingKeys, configuration_document,
    key_set_document,
};
use auth::authentication::token_file::TokenFile;
use auth::authentication::x509::{ClientCas, ClientCertificates};
use auth::authentication::{AnyAudience, Authenticators, TokenAuthenticator, Tokens};
use auth::{Authenticator, Objects};
use runtime::tls::certificates;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the flags say about who may be known, read from their files.
pub(crate) struct Known {
    pub(crate) authenticators: Authenticators,
    /// Whose headers no later stage may see.
    pub(crate) front_proxy: Option<Arc<FrontProxy>>,
    /// Signs service-account tokens, where this server issues any.
    pub(crate) signer: Option<Arc<SigningKey>>,
    /// What others need to check those tokens.
    pub(crate) issuer: Option<Issuer>,
}

/// Reads the files that the flags name; an error names flag and file.
pub(crate) fn known(identity: &Identity, objects: &Arc<dyn Objects>) -> Result<Known> {
    let mut requests: Vec<Arc<dyn Authenticator>> = Vec::new();
    let mut front_proxy = None;
    if let Some(file) = &identity.front_proxy_ca_file {
        let proxy = Arc::new(FrontProxy {
            cas: client_cas("--requestheader-client-ca-file", file)?,
            allowed_names: identity.front_proxy_names.clone(),
            name_headers: identity.username_headers.clone(),
            uid_headers: identity.uid_headers.clone(),
            group_headers: identity.group_headers.clone(),
            extra_prefixes: identity.extra_prefixes.clone(),
        });
        requests.push(proxy.clone());
        front_proxy = Some(proxy);
    }
    if let Some(file) = &identity.client_ca_file {
        let cas = client_cas("--client-ca-file", file)?;
        requests.push(Arc::new(ClientCertificates::new(cas)));
    }
    let own = [&identity.audiences, &identity.issuers].into_iter().find(|list| !list.is_empty());
    let audiences = own.cloned().unwrap_or_default();
    let mut tokens: Vec<Arc<dyn TokenAuthenticator>> = Vec::new();
    if let Some(file) = &identity.token_file {
        let text = String::from_utf8(read("--token-auth-file", file)?)
            .with_context(|| format!("--token-auth-file: {}", file.display()))?;
        let parsed = TokenFile::parse(&file.display().to_string(), &text);
        let file = Arc::new(parsed.map_err(|why| anyhow!("--token-auth-file: {why}"))?);
        tokens.push(Arc::new(AnyAudience::new(file, audiences.clone())));
    }
    let signer = identity.signing_key_file.as_deref().map(signing_key).transpose()?;
    let keys = verifying_keys(&identity.key_files, signer.as_ref())?;
    let mut issuer = None;
    if keys.iter().next().is_some() {
        tokens.push(Arc::new(LegacyTokens {
            keys: keys.clone(),
            audiences: audiences.clone(),
            objects: identity.lookup.then(|| objects.clone()),
        }));
        if let Some(first) = identity.issuers.first() {
            issuer = published(first, identity.jwks_uri.as_deref(), &keys);
            tokens.push(Arc::new(BoundTokens {
                issuers: identity.issuers.clone(),
                keys,
                audiences: audiences.clone(),
                objects: objects.clone(),
            }));
        }
    }
    if signer.is_some() && identity.issuers.is_empty() {
        bail!("--service-account-issuer is required with --service-account-signing-key-file");
    }
    if signer.is_none() {
        tracing::warn!(
            "no --service-account-signing-key-file: serviceaccounts/token is not served, and a pod's \
             token is that of the Secret which kube-controller-manager makes for its service account"
        );
    }
    if identity.bootstrap_tokens {
        let bootstrap = Arc::new(BootstrapTokens::new(objects.clone()));
        tokens.push(Arc::new(AnyAudience::new(bootstrap, audiences)));
    }
    let anonymous = identity.anonymous.then(Anonymous::everywhere);
    let authenticators = Authenticators::new(requests, Tokens::new(tokens), anonymous);
    Ok(Known { authenticators, front_proxy, signer: signer.map(Arc::new), issuer })
}

fn client_cas(flag: &str, file: &Path) -> Result<ClientCas> {
    let cas = certificates(flag, file)?;
    ClientCas::new(&cas).with_context(|| format!("{flag}: {}", file.display()))
}

fn signing_key(file: &Path) -> Result<SigningKey> {
    let flag = "--service-account-signing-key-file";
    let pem = read(flag, file)?;
    SigningKey::from_pem(&pem).with_context(|| format!("{flag}: {}", file.display()))
}

/// The keys of `--service-account-key-file`, or that of the signer where there are none.
fn verifying_keys(files: &[PathBuf], signer: Option<&SigningKey>) -> Result<VerifyingKeys> {
    let flag = "--service-account-key-file";
    let mut keys = Vec::new();
    for file in files {
        let pem = read(flag, file)?;
        keys.extend(
            VerifyingKey::all_from_pem(&pem)
                .with_context(|| format!("{flag}: {}", file.display()))?,
        );
    }
    if let (true, Some(signer)) = (files.is_empty(), signer) {
        keys.push(signer.public().clone());
    }
    Ok(VerifyingKeys::new(keys))
}

/// The documents for others, unless the issuer is no address that others could ask.
fn published(issuer: &str, jwks_uri: Option<&str>, keys: &VerifyingKeys) -> Option<Issuer> {
    let uri = jwks_uri.map_or_else(|| format!("{issuer}/openid/v1/jwks"), str::to_owned);
    let documents = configuration_document(issuer, &uri, keys)
        .and_then(|configuration| Ok((configuration, key_set_document(keys)?)));
    match documents {
        Ok((configuration, keys)) => {
            Some(Issuer { configuration: configuration.into(), keys: keys.into() })
        }
        Err(why) => {
            tracing::info!("the keys of service-account tokens are not published: {why}");
            None
        }
    }
}

fn read(flag: &str, file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{flag}: {} can't be read", file.display()))
}
