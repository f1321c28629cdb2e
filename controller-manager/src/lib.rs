//! kube-controller-manager: the loops that make the cluster what its objects ask for.
//!
//! Each controller is one file under `controllers` and one line in the table; this crate speaks
//! to the API server only. Mirrors `k8s.io/kubernetes/cmd/kube-controller-manager`.

mod context;
mod controllers;
mod discovery;
mod flags;
mod scale;
mod settings;
mod signers;
mod subnets;
mod table;

pub use flags::table as flag_table;
pub use settings::{Concurrency, Options, SigningPair, SigningPairs};
pub use subnets::Subnet;

use client::Clients;
use client::lease::{LeaseError, lead};
use context::Context;
use control::serving::{ServingError, serve};
use runtime::health::Checks;
use runtime::{Shutdown, clock};
use std::sync::Arc;
use std::time::Duration;

/// What stands for "no timeout": a year.
const NO_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// Why the process should end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The lease was lost: another process leads now.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// A key or certificate that a controller needs can't be used.
    #[error("{0}")]
    Key(String),
    /// Health and metrics can't be served.
    #[error(transparent)]
    Serving(#[from] ServingError),
}

/// Tells of mistakes before anybody waits for what would never come: of the keys of controllers
/// that will run. Upstream reads the others' no more than we do.
fn check_keys(options: &Options) -> Result<(), String> {
    let runs = |name: &str| {
        table::ROWS.iter().any(|row| row.name == name && row.is_wanted(&options.controllers))
    };
    if runs(controllers::service_account_token::NAME)
        && let Some(file) = &options.service_account_key
    {
        controllers::service_account_token::read_key(file)?;
    }
    if runs(controllers::csr_signing::NAME) {
        controllers::csr_signing::check_pairs(&options.signing)?;
    }
    Ok(())
}

/// Serves health, waits for the lease, runs the controllers, and returns when the shutdown is
/// done.
///
/// # Errors
/// [`RunError`]: this process should end.
pub async fn run(options: Options, clients: Clients, shutdown: Shutdown) -> Result<(), RunError> {
    let options = Arc::new(options);
    check_keys(&options).map_err(RunError::Key)?;
    for gate in &options.idle_gates {
        tracing::warn!(gate, "this feature gate changes nothing in this program");
    }
    let checks = Arc::new(Checks::new("healthz"));
    if options.component.lease.enabled {
        // Who loses the lease ends, and answers no more.
        checks.add("leaderElection", || Ok(()));
    }
    let serving = &options.component.serving;
    serve(serving, "kube-controller-manager", checks.clone(), clients.own(), &shutdown).await?;
    let lease = options.component.lease.clone();
    let own = clients.own();
    lead(own, &lease, "kube-controller-manager", &shutdown, |child| async move {
        let token_requests = wait_for_server(&clients, &child).await;
        let token_secrets = options.token_secrets.unwrap_or(!token_requests);
        if token_secrets {
            tracing::warn!(
                token_requests,
                "each service account gets a Secret with a token that does not end, as up to 1.23: \
                 the API server serves no serviceaccounts/token, or \
                 LegacyServiceAccountTokenNoAutoGeneration=false asks for it"
            );
        }
        let timeout = match options.shutdown_timeout {
            Duration::ZERO => NO_TIMEOUT,
            timeout => timeout,
        };
        let context = Context::new(clients, options, child.clone(), token_secrets);
        table::start(&context, &checks);
        child.begun().await;
        if let Err(error) = child.drain(timeout).await {
            tracing::warn!(%error, "stopping all the same");
        }
    })
    .await?;
    Ok(())
}

/// Returns once the API server answers discovery, as upstream's `WaitForAPIServer` does: whether
/// it serves token requests.
async fn wait_for_server(clients: &Clients, shutdown: &Shutdown) -> bool {
    loop {
        match client::serves_token_requests(&clients.own()).await {
            Ok(served) => return served,
            Err(error) => tracing::warn!(%error, "waiting for the API server"),
        }
        tokio::select! {
            () = clock::sleep(Duration::from_secs(1)) => {}
            () = shutdown.begun() => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_controllers_that_run_are_read() {
        let token = "--service-account-private-key-file";
        let signing = "--cluster-signing-cert-file";
        let missing = "/nonexistent/file";
        for (controllers, refused) in [
            ("*", Some(token)),
            ("*,-serviceaccount-token", Some(signing)),
            ("*,-serviceaccount-token-controller", Some(signing)),
            ("*,-csrsigning", Some(token)),
            ("*,-serviceaccount-token,-csrsigning", None),
            ("csrsigning", Some(signing)),
            ("serviceaccount-token", Some(token)),
            ("deployment", None),
        ] {
            let words = [
                format!("--controllers={controllers}"),
                format!("{token}={missing}"),
                format!("{signing}={missing}"),
                format!("--cluster-signing-key-file={missing}"),
            ];
            let parsed = runtime::flags::parse(&flag_table(), words).expect("known flags");
            let options = Options::from_flags(&parsed).expect("options");
            let said = check_keys(&options).err();
            assert_eq!(said.is_some(), refused.is_some(), "{controllers}: {said:?}");
            let (said, refused) = (said.unwrap_or_default(), refused.unwrap_or_default());
            assert!(said.starts_with(refused), "{controllers}: {said}");
        }
    }
}
