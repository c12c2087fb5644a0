//! Our groups in the Pushgateway: deletes those whose source is gone. IO.

pub mod client;
pub mod error;
pub mod groups;
pub mod settings;
mod tidy;

use std::{sync::Arc, time::Duration};

use sms_crds::SourceKey;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use client::Gateway;
pub use error::GatewayError;
pub use groups::LiveSources;
pub use settings::GatewaySettings;

/// The sources that there are; `None` while that is not known, or not ours to act on.
pub type Live = Arc<dyn Fn() -> Option<LiveSources> + Send + Sync>;

/// What the task is asked to do.
#[derive(Debug)]
enum Request {
    /// A source is gone.
    Gone { key: SourceKey, api_name: String },
    /// Leadership began.
    Sweep,
}

/// Tells the task that tidies the gateway what happened. Without a gateway it does nothing.
#[derive(Clone, Debug)]
pub struct GatewayHandle(Option<mpsc::UnboundedSender<Request>>);

impl GatewayHandle {
    /// A handle where no gateway is configured.
    pub fn none() -> Self {
        Self(None)
    }

    /// Starts the task. It runs until `stop`, and sweeps every `interval` while `live` tells something.
    pub fn start(
        gateway: Gateway,
        live: Live,
        interval: Duration,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (
            Self(Some(sender)),
            tidy::run(gateway, live, interval, receiver, stop),
        )
    }

    /// Deletes the group that a source of this installation pushed and that is gone, unless its API name belongs to
    /// another by now. Never blocks.
    pub fn source_gone(&self, key: SourceKey, api_name: String) {
        self.ask(Request::Gone { key, api_name });
    }

    /// Sweeps as soon as the live sources are known.
    pub fn sweep_soon(&self) {
        self.ask(Request::Sweep);
    }

    fn ask(&self, request: Request) {
        if let Some(sender) = &self.0 {
            // Fails only while the process ends.
            let _ = sender.send(request);
        }
    }
}
