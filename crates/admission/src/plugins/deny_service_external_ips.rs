//! `DenyServiceExternalIPs`: no service gets new external addresses.
//!
//! Mirrors `plugin/pkg/admission/network/denyserviceexternalips`.

use super::Setup;
use super::pod_parts::items;
use crate::{Operation, Plugin, Request};
use async_trait::async_trait;
use object::{Result, Value};

struct DenyServiceExternalIps;

pub(super) fn make(_setup: &Setup) -> Box<dyn Plugin> {
    Box::new(DenyServiceExternalIps)
}

#[async_trait]
impl Plugin for DenyServiceExternalIps {
    fn name(&self) -> &'static str {
        "DenyServiceExternalIPs"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let changes = matches!(request.operation, Operation::Create | Operation::Update);
        let concerns = request.is_whole("", "services") && changes;
        let Some(service) = object.filter(|_| concerns) else { return Ok(()) };
        let had: Vec<&Value> =
            request.old.into_iter().flat_map(|old| items(&old["spec"]["externalIPs"])).collect();
        if items(&service["spec"]["externalIPs"]).all(|address| had.contains(&address)) {
            return Ok(());
        }
        Err(request.forbidden(object, "Use of external IPs is denied by admission control"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn old_addresses_may_stay() {
        let case = Case::new(make, &cluster(), "", "services");
        let mut service = json!({"spec": {"externalIPs": ["1.2.3.4"]}});
        assert!(case.create("ns", &mut service).await.is_err());
        let old = service.clone();
        assert!(case.update("ns", "s", &old, &mut service).await.is_ok());
    }
}
