//! The ConfigMap that says since when the use of tokens in Secrets is tracked: whoever cleans those
//! up waits from that day on. It is made once; a day that can't be read becomes today.
//!
//! Mirrors `pkg/controlplane/controller/legacytokentracking` of `k8s.io/kubernetes`.

use crate::objects::Cached;
use crate::own::Own;
use auth::Objects;
use object::{GroupResource, Result, Value, json};

const NAMESPACE: &str = "kube-system";
const NAME: &str = "kube-apiserver-legacy-service-account-token-tracking";
const SINCE: &str = "since";

/// Creates the ConfigMap, or mends it.
pub(super) async fn ensure(own: &Own, objects: &Cached) -> Result<()> {
    let today = runtime::clock::now().strftime("%Y-%m-%d").to_string();
    match objects.get(&GroupResource::new("", "configmaps"), NAMESPACE, NAME) {
        None => {
            own.ensure(&json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": NAME, "namespace": NAMESPACE},
                "data": {SINCE: today},
            }))
            .await
        }
        Some(existing) if has_day(&existing) => Ok(()),
        Some(existing) => {
            let mut mended = (*existing).clone();
            object::meta::entry(&mut mended, "data").insert(SINCE.to_owned(), today.into());
            own.replace(&mended).await
        }
    }
}

fn has_day(map: &Value) -> bool {
    let since = map["data"][SINCE].as_str().unwrap_or_default();
    since.len() == "2006-01-02".len() && since.parse::<jiff::civil::Date>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::has_day;
    use object::json;

    #[test]
    fn days() {
        let rows = [
            (json!({"data": {"since": "2026-01-31"}}), true),
            (json!({"data": {"since": "2026-02-31"}}), false),
            (json!({"data": {"since": "2026-01-31T00:00:00Z"}}), false),
            (json!({"data": {"since": ""}}), false),
            (json!({}), false),
        ];
        for (map, expected) in rows {
            assert_eq!(has_day(&map), expected, "{map}");
        }
    }
}
