//! The table, and what the tests of plugins share.

use super::*;
use crate::cluster::memory::Memory;
use crate::{Operation, Request};
use auth::UserInfo;
use kinds::Kind;
use object::{ApiError, Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;

pub(super) fn cluster() -> Arc<Memory> {
    Arc::new(Memory::default())
}

pub(super) fn setup(cluster: &Arc<Memory>) -> Setup {
    Setup {
        cluster: cluster.clone(),
        not_ready_seconds: 300,
        unreachable_seconds: 300,
        pod_security: PodSecurityConfiguration::default(),
        bound_tokens: true,
    }
}

/// One plugin, asked about one resource.
pub(super) struct Case {
    plugin: Box<dyn Plugin>,
    kind: &'static Kind,
    pub user: UserInfo,
    pub subresource: &'static str,
    pub warnings: Mutex<Vec<String>>,
}

impl Case {
    pub(super) fn new(
        make: fn(&Setup) -> Box<dyn Plugin>,
        cluster: &Arc<Memory>,
        group: &str,
        plural: &str,
    ) -> Self {
        Self::made(make(&setup(cluster)), group, plural)
    }

    pub(super) fn made(plugin: Box<dyn Plugin>, group: &str, plural: &str) -> Self {
        let mut all = kinds::all().iter().copied();
        let kind = all.find(|kind| kind.group == group && kind.plural == plural);
        Self {
            plugin,
            kind: kind.expect("a kind"),
            user: UserInfo::new("someone", &[]),
            subresource: "",
            warnings: Mutex::default(),
        }
    }

    pub(super) fn by(mut self, user: &str, groups: &[&str]) -> Self {
        self.user = UserInfo::new(user, groups);
        self
    }

    pub(super) fn part(mut self, subresource: &'static str) -> Self {
        self.subresource = subresource;
        self
    }

    pub(super) async fn create(&self, namespace: &str, object: &mut Value) -> Result<(), ApiError> {
        let name = object::meta::name(object).to_owned();
        self.ask(Operation::Create, namespace, &name, None, Some(object)).await
    }

    pub(super) async fn update(
        &self,
        namespace: &str,
        name: &str,
        old: &Value,
        object: &mut Value,
    ) -> Result<(), ApiError> {
        self.ask(Operation::Update, namespace, name, Some(old), Some(object)).await
    }

    pub(super) async fn delete(
        &self,
        namespace: &str,
        name: &str,
        old: &Value,
    ) -> Result<(), ApiError> {
        self.ask(Operation::Delete, namespace, name, Some(old), None).await
    }

    async fn ask(
        &self,
        operation: Operation,
        namespace: &str,
        name: &str,
        old: Option<&Value>,
        mut object: Option<&mut Value>,
    ) -> Result<(), ApiError> {
        let options = json!({});
        let request = Request {
            operation,
            kind: self.kind,
            subresource: self.subresource,
            namespace,
            name,
            old,
            options: &options,
            user: &self.user,
            dry_run: false,
            warnings: &self.warnings,
        };
        self.plugin.admit(&request, object.as_deref_mut()).await?;
        self.plugin.validate(&request, object.as_deref()).await
    }
}

#[test]
fn the_flags_are_refused_in_upstreams_words() {
    let setup = setup(&cluster());
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let why = |on: &[&str], off: &[&str]| {
        switched_on(&setup, &list(on), &list(off), Vec::new()).expect_err("a refusal")
    };
    assert_eq!(why(&["Nonsense"], &[]), "enable-admission-plugins plugin \"Nonsense\" is unknown");
    assert_eq!(why(&[], &["Nonsense"]), "disable-admission-plugins plugin \"Nonsense\" is unknown");
    assert_eq!(
        why(&["ServiceAccount"], &["ServiceAccount"]),
        "[ServiceAccount] in enable-admission-plugins and disable-admission-plugins overlapped"
    );
    for row in TABLE {
        let asked = switched_on(&setup, &list(&[row.name]), &[], Vec::new());
        assert_eq!(asked.is_err(), matches!(row.state, Missing(_)), "{}", row.name);
        assert!(switched_on(&setup, &[], &list(&[row.name]), Vec::new()).is_ok(), "{}", row.name);
    }
}

#[test]
fn each_plugin_is_there_once_and_knows_its_name() {
    let names: BTreeSet<&str> = TABLE.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), TABLE.len());
    for row in TABLE {
        if let Made(make) = row.state {
            assert_eq!(make(&setup(&cluster())).name(), row.name);
        }
    }
}
