//! A source as the cluster has it: the object as it is, and what this version reads in it. Pure.

use kube::{ResourceExt, api::DynamicObject};
use sms_crds::{ScrapeSource, SourceKey};

/// One source. An object that another version wrote can still be listed, suspended and printed.
#[derive(Clone, Debug)]
pub struct Found {
    /// As the API server gave it.
    pub object: DynamicObject,
    /// The same, typed, or why it cannot be read; in words.
    pub source: Result<Box<ScrapeSource>, String>,
}

impl Found {
    /// Reads `object`; drops what no person wants to see.
    pub fn of(mut object: DynamicObject) -> Self {
        object.metadata.managed_fields = None;
        let source = object
            .clone()
            .try_parse::<ScrapeSource>()
            .map(Box::new)
            .map_err(|error| error.to_string());
        Self { object, source }
    }

    /// `namespace/name`
    pub fn key(&self) -> SourceKey {
        SourceKey {
            namespace: self.object.namespace().unwrap_or_default(),
            name: self.object.name_any(),
        }
    }

    /// `spec.suspend`, also of a source that cannot be read.
    pub fn is_suspended(&self) -> bool {
        self.object.data["spec"]["suspend"].as_bool().unwrap_or_default()
    }
}
