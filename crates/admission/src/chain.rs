//! The plugins that are switched on, in upstream's order.

use crate::plugin::{Plugin, Request};
use object::{Result, Value};
use std::fmt;

/// The plugins that are switched on.
#[derive(Default)]
pub struct Chain {
    plugins: Vec<Box<dyn Plugin>>,
}

impl Chain {
    /// Of these plugins, in this order.
    pub fn new(plugins: Vec<Box<dyn Plugin>>) -> Self {
        Self { plugins }
    }

    /// Lets each plugin change the object; the first refusal ends it.
    pub async fn admit(&self, request: &Request<'_>, mut object: Option<&mut Value>) -> Result<()> {
        for plugin in &self.plugins {
            plugin.admit(request, object.as_deref_mut()).await?;
        }
        Ok(())
    }

    /// Asks each plugin whether the object may be stored.
    pub async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        for plugin in &self.plugins {
            plugin.validate(request, object).await?;
        }
        Ok(())
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.plugins.iter().map(|plugin| plugin.name())).finish()
    }
}
