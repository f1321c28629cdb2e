//! root-ca-certificate-publisher-controller: every active namespace has the ConfigMap
//! `kube-root-ca.crt`, with which pods know the API server.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/certificates/rootcacertpublisher`.

use super::service_account::is_active;
use crate::context::Context;
use control::{Action, Informer, Key, Outcome, Queue, SyncError, execute, run_workers};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;
use std::sync::Arc;

const NAME: &str = "kube-root-ca.crt";
const DATA_KEY: &str = "ca.crt";
const DESCRIPTION: (&str, &str) = (
    "kubernetes.io/description",
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
     endpoints such as the internal service IP or kubernetes.default.svc. No other usage is \
     guaranteed across distributions of Kubernetes clusters.",
);

/// Starts it. Without `--root-ca-file` there is nothing to publish.
pub(crate) fn start(context: &Context) {
    let Some(bundle) = context.options.root_ca.clone() else {
        tracing::warn!("no --root-ca-file: kube-root-ca.crt is not published");
        return;
    };
    let bundle: Arc<str> = bundle.into();
    let namespaces = context.informers.of::<Namespace>();
    let maps = context.informers.of::<ConfigMap>();
    let queue = Queue::named("root_ca_cert_publisher");
    let add = queue.clone();
    namespaces.on_change(move |change| add.add(Key::of(&**change.object())));
    let add = queue.clone();
    maps.on_change(move |change| {
        let key = Key::of(&**change.object());
        if key.name == NAME {
            add.add(Key::new("", key.namespace));
        }
    });
    let client = context.client();
    run_workers("root-ca-certificate-publisher", 1, queue, &context.shutdown, move |key: Key| {
        let (namespaces, maps) = (namespaces.clone(), maps.clone());
        let (client, bundle) = (client.clone(), bundle.clone());
        async move {
            maps.synced().await;
            if let Some(action) = plan(&namespaces, &maps, &key, &bundle)
                && let Err(error) = execute(&client, &action).await
                && !client::is_refused_by_ending(&error)
            {
                return Err(SyncError::Api(error));
            }
            Ok(Outcome::Done)
        }
    });
}

fn plan(
    namespaces: &Informer<Namespace>,
    maps: &Informer<ConfigMap>,
    key: &Key,
    bundle: &str,
) -> Option<Action> {
    let namespace = namespaces.get(key).filter(|namespace| is_active(namespace))?;
    let data = BTreeMap::from([(DATA_KEY.to_owned(), bundle.to_owned())]);
    let (name, text) = DESCRIPTION;
    match maps.get(&Key::new(namespace.metadata.name.clone()?, NAME)) {
        None => Some(Action::create(&ConfigMap {
            metadata: ObjectMeta {
                name: Some(NAME.into()),
                namespace: namespace.metadata.name.clone(),
                annotations: Some(BTreeMap::from([(name.into(), text.into())])),
                ..ObjectMeta::default()
            },
            data: Some(data),
            ..ConfigMap::default()
        })),
        Some(map) => {
            let annotated = map.metadata.annotations.as_ref().and_then(|all| all.get(name));
            if map.data.as_ref() == Some(&data) && annotated.map(String::as_str) == Some(text) {
                return None;
            }
            let mut map = (*map).clone();
            map.data = Some(data);
            map.metadata.annotations.get_or_insert_default().insert(name.into(), text.into());
            Some(Action::update(&map))
        }
    }
}
