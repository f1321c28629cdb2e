//! `AlwaysAdmit` and `AlwaysDeny`: for tests of what is around admission.
//!
//! Mirrors `plugin/pkg/admission/{admit,deny}`.

use super::Setup;
use crate::{Plugin, Request};
use async_trait::async_trait;
use object::{Result, Value};

struct AlwaysAdmit;
struct AlwaysDeny;

pub(super) fn admit(_setup: &Setup) -> Box<dyn Plugin> {
    Box::new(AlwaysAdmit)
}

pub(super) fn deny(_setup: &Setup) -> Box<dyn Plugin> {
    Box::new(AlwaysDeny)
}

impl Plugin for AlwaysAdmit {
    fn name(&self) -> &'static str {
        "AlwaysAdmit"
    }
}

#[async_trait]
impl Plugin for AlwaysDeny {
    fn name(&self) -> &'static str {
        "AlwaysDeny"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let why = "admission control is denying all modifications";
        Err(request.forbidden(object.as_deref(), why))
    }
}
