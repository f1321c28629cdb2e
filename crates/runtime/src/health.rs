//! Named health checks and the text that `/livez`, `/readyz` and `/healthz` answer with.
//!
//! It knows no HTTP: it takes the query's words and gives a code and a body. Mirrors
//! `k8s.io/apiserver/pkg/server/healthz`, byte for byte; the reason of a failure is in the log
//! and on the check's own path only, since the root path is open to everybody.

use futures::future::BoxFuture;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::{Arc, RwLock};

type CheckFn = dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync;

#[derive(Clone)]
struct Check {
    name: String,
    group: Option<String>,
    run: Arc<CheckFn>,
}

/// What to answer: the HTTP code and the text, `text/plain; charset=utf-8`, never to be sniffed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200, 500, or 404 for a check that is not there.
    pub code: u16,
    /// The body.
    pub body: String,
}

/// The checks behind one path, in the order in which they were added.
pub struct Checks {
    name: &'static str,
    checks: RwLock<Vec<Check>>,
}

impl Checks {
    /// The checks of `name`, such as `livez`; the path is `/livez`.
    pub fn new(name: &'static str) -> Self {
        Self { name, checks: RwLock::default() }
    }

    /// Adds the check that always passes.
    pub fn add_ping(&self) {
        self.add("ping", || Ok(()));
    }

    /// Adds a check that answers at once. `Err` is the reason, for the log.
    pub fn add<F>(&self, name: impl Into<String>, check: F)
    where
        F: Fn() -> Result<(), String> + Send + Sync + 'static,
    {
        self.add_async(name, move || Box::pin(std::future::ready(check())));
    }

    /// Adds a check that has to ask someone.
    pub fn add_async<F>(&self, name: impl Into<String>, check: F)
    where
        F: Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync + 'static,
    {
        self.push(Check { name: name.into(), group: None, run: Arc::new(check) });
    }

    /// Adds a check that can be excluded by its group's name too.
    pub fn add_grouped<F>(&self, name: impl Into<String>, group: impl Into<String>, check: F)
    where
        F: Fn() -> Result<(), String> + Send + Sync + 'static,
    {
        let run: Arc<CheckFn> = Arc::new(move || Box::pin(std::future::ready(check())));
        self.push(Check { name: name.into(), group: Some(group.into()), run });
    }

    fn push(&self, check: Check) {
        self.checks.write().unwrap_or_else(|poisoned| poisoned.into_inner()).push(check);
    }

    fn snapshot(&self) -> Vec<Check> {
        self.checks.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// All checks but those in `exclude`. Short when all is well and `verbose` is not asked for.
    pub async fn answer(&self, verbose: bool, exclude: &[&str]) -> Answer {
        let mut unknown: BTreeSet<&str> = exclude.iter().copied().collect();
        let mut text = String::new();
        let mut failed = false;
        for check in self.snapshot() {
            let name = &check.name;
            let group = check.group.as_deref().filter(|group| exclude.contains(group));
            // Writing to a String does not fail.
            let _ = if exclude.contains(&name.as_str()) {
                unknown.remove(name.as_str());
                writeln!(text, "[+]{name} excluded: ok")
            } else if let Some(group) = group {
                unknown.remove(group);
                writeln!(text, "[+]{name} excluded with {group}: ok")
            } else {
                match (check.run)().await {
                    Ok(()) => writeln!(text, "[+]{name} ok"),
                    Err(why) => {
                        tracing::info!(path = self.name, check = name, why, "check failed");
                        failed = true;
                        writeln!(text, "[-]{name} failed: reason withheld")
                    }
                }
            };
        }
        if !unknown.is_empty() {
            let names: Vec<String> = unknown.iter().map(|name| format!("{name:?}")).collect();
            let _ = writeln!(
                text,
                "warn: some health checks cannot be excluded: no matches for {}",
                names.join(",")
            );
        }
        match (failed, verbose) {
            (true, _) => Answer { code: 500, body: format!("{text}{} check failed\n", self.name) },
            (false, true) => {
                Answer { code: 200, body: format!("{text}{} check passed\n", self.name) }
            }
            (false, false) => Answer { code: 200, body: "ok".to_owned() },
        }
    }

    /// One check by name, with its reason. `None` when there is no such check.
    pub async fn answer_one(&self, name: &str) -> Option<Answer> {
        let check = self.snapshot().into_iter().find(|check| check.name == name)?;
        Some(match (check.run)().await {
            Ok(()) => Answer { code: 200, body: "ok".to_owned() },
            Err(why) => Answer { code: 500, body: format!("internal server error: {why}\n") },
        })
    }
}

impl std::fmt::Debug for Checks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checks").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn livez(etcd: Result<(), String>) -> Checks {
        let checks = Checks::new("livez");
        checks.add_ping();
        checks.add_async("etcd", move || Box::pin(std::future::ready(etcd.clone())));
        checks.add_grouped("hook/one", "hooks", || Ok(()));
        checks
    }

    #[tokio::test]
    async fn answers_as_upstream_does() {
        let well = livez(Ok(()));
        assert_eq!(well.answer(false, &[]).await, Answer { code: 200, body: "ok".into() });
        assert_eq!(
            well.answer(true, &["ping", "hooks", "nope"]).await.body,
            "[+]ping excluded: ok\n[+]etcd ok\n[+]hook/one excluded with hooks: ok\n\
             warn: some health checks cannot be excluded: no matches for \"nope\"\n\
             livez check passed\n"
        );

        let ill = livez(Err("gone".into()));
        let answer = ill.answer(false, &[]).await;
        assert_eq!(answer.code, 500);
        assert_eq!(
            answer.body,
            "[+]ping ok\n[-]etcd failed: reason withheld\n[+]hook/one ok\nlivez check failed\n"
        );
        assert_eq!(ill.answer(false, &["etcd"]).await.code, 200);
    }

    #[tokio::test]
    async fn one_check_tells_its_reason() {
        let ill = livez(Err("gone".into()));
        let body = "internal server error: gone\n".to_owned();
        assert_eq!(ill.answer_one("etcd").await, Some(Answer { code: 500, body }));
        assert_eq!(ill.answer_one("ping").await.map(|a| a.code), Some(200));
        assert_eq!(ill.answer_one("nope").await, None);
    }
}
