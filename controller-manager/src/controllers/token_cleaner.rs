//! token-cleaner-controller: deletes bootstrap tokens whose time is over. Off by default.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/bootstrap/tokencleaner.go`.

use super::bootstrap_tokens::{self, Life, life};
use crate::context::Context;
use client::{is_conflict, is_not_found};
use control::{Action, Change, Key, Outcome, Queue, execute, run_workers};
use runtime::clock;

/// Starts it.
pub(crate) fn start(context: &Context) {
    let secrets = bootstrap_tokens::informer(&context.informers);
    let queue = Queue::named("token_cleaner");
    let add = queue.clone();
    secrets.on_change(move |change| {
        if !matches!(change, Change::Deleted(_)) {
            add.add(Key::of(&**change.object()));
        }
    });
    let client = context.client();
    run_workers("token-cleaner-controller", 1, queue, &context.shutdown, move |key: Key| {
        let (secrets, client) = (secrets.clone(), client.clone());
        async move {
            let Some(secret) = secrets.get(&key) else { return Ok(Outcome::Done) };
            match life(&secret, clock::now()) {
                Life::Endless => return Ok(Outcome::Done),
                Life::Left(left) => return Ok(Outcome::Again(left)),
                Life::Over => {}
            }
            match execute(&client, &Action::delete(&*secret)).await {
                // Another one has its name now.
                Err(error) if is_conflict(&error) || is_not_found(&error) => Ok(Outcome::Done),
                other => Ok(other.map(|_| Outcome::Done)?),
            }
        }
    });
}
