//! What a process gives its runs: settings, secrets, stores. IO only to open a store when first needed.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use sms_crds::{ScrapeSource, v1alpha1::SecretKeyRef};
use tokio::sync::{Mutex, OnceCell};

use crate::{
    push::PushSettings,
    secrets::{SecretError, Secrets},
    stop::Stop,
    store::{Store, StoreError, StoreUrl, StoreUrlError},
};
use secrecy::ExposeSecret;
use url::Url;

/// Key of a store's address in the Secret that `spec.store.secretRef` names.
const STORE_SECRET_KEY: &str = "url";

/// A source and where it came from.
#[derive(Clone, Debug)]
pub struct LoadedSource {
    /// The manifest.
    pub source: Arc<ScrapeSource>,
    /// Folder that relative `file://` addresses start from; `None` for a source from `SMS_SOURCE`, which may name no
    /// files at all.
    pub folder: Option<PathBuf>,
}

/// Settings of the process, resolved once from flags and variables.
pub struct Environment {
    /// Program that serves as the extraction worker: this binary.
    pub worker: PathBuf,
    /// Whether pages that are read in bounded time and memory are read in this process, see [`crate::worker::here`].
    pub reads_here: bool,
    /// Whether private and loopback addresses may be fetched.
    pub allow_private_addresses: bool,
    /// Further certificate authorities (PEM).
    pub ca_file: Option<PathBuf>,
    /// Proxy that pages are fetched through.
    pub proxy: Option<Url>,
    /// Where secrets are read.
    pub secrets: Secrets,
    /// Where runs are pushed to, if anywhere.
    pub push: Option<PushSettings>,
    /// Name of this installation, so that a sweep never deletes somebody else's groups.
    pub installation: String,
    /// Longest time of one run, waiting for the lease included.
    pub run_timeout: Duration,
    /// Stores by address.
    pub stores: StorePool,
    /// The request to stop.
    pub stop: Stop,
}

/// Why a source has no store.
#[derive(Debug, thiserror::Error)]
pub enum StoreChoiceError {
    /// The Secret is not there.
    #[error("spec.store.secretRef: {0}")]
    Secret(#[from] SecretError),
    /// The Secret holds no address of a store.
    #[error("spec.store.secretRef: {0}")]
    Address(#[from] StoreUrlError),
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens each store once, when its first run needs it.
pub struct StorePool {
    /// `--store`: wins over what a manifest says.
    explicit: Option<StoreUrl>,
    /// Where neither flag nor manifest says anything.
    fallback: StoreUrl,
    /// By the Secret's name; the default store by the empty name.
    open: Mutex<BTreeMap<String, Arc<OnceCell<Arc<Store>>>>>,
}

impl StorePool {
    /// A pool with nothing open.
    pub fn new(explicit: Option<StoreUrl>, fallback: StoreUrl) -> Self {
        Self {
            explicit,
            fallback,
            open: Mutex::default(),
        }
    }

    /// The store that a source without a Secret of its own gets.
    pub fn default_url(&self) -> &StoreUrl {
        self.explicit.as_ref().unwrap_or(&self.fallback)
    }

    /// The store of a source: `--store`, else the manifest's Secret, else the default. Opened at the first call.
    pub async fn for_source(
        &self,
        source: &ScrapeSource,
        secrets: &Secrets,
    ) -> Result<Arc<Store>, StoreChoiceError> {
        let secret = source
            .spec
            .store
            .as_ref()
            .and_then(|store| store.secret_ref.as_ref());
        let (key, url) = match (&self.explicit, secret) {
            (None, Some(reference)) => {
                let secret_key = SecretKeyRef {
                    name: reference.name.clone(),
                    key: STORE_SECRET_KEY.to_owned(),
                };
                (
                    reference.name.clone(),
                    secrets.get(&secret_key)?.expose_secret().trim().parse()?,
                )
            }
            _ => (String::new(), self.default_url().clone()),
        };
        // The lock covers the map alone: a store that is slow to open keeps no other from being opened.
        let slot = Arc::clone(self.open.lock().await.entry(key).or_default());
        let store = slot
            .get_or_try_init(async || Store::open(&url).await.map(Arc::new))
            .await?;
        Ok(Arc::clone(store))
    }

    /// Closes what is open, at the end of the process.
    pub async fn close(&self) {
        for slot in self.open.lock().await.values() {
            if let Some(store) = slot.get() {
                store.close().await;
            }
        }
    }
}
