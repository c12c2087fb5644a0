//! Watches on their way to who asked for them, which can be held and cut. IO.

use std::convert::Infallible;

use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};
use kube::client::Body;
use tokio::sync::watch;

use super::{Error, Sent};

/// All watches of a proxy.
pub(super) struct Watches {
    held: watch::Sender<bool>,
    /// Changes whenever all are cut.
    cut: watch::Sender<()>,
}

impl Default for Watches {
    fn default() -> Self {
        Self {
            held: watch::Sender::new(false),
            cut: watch::Sender::new(()),
        }
    }
}

impl Watches {
    pub(super) fn hold(&self, is_held: bool) {
        self.held.send_replace(is_held);
    }

    pub(super) fn cut(&self) {
        self.cut.send_replace(());
    }

    /// What is shown of a watch.
    pub(super) fn shown(&self, body: Body) -> Sent {
        let state = (body, self.held.subscribe(), self.cut.subscribe());
        let frames = stream::unfold(state, |(mut body, mut held, mut cut)| async move {
            let next = async {
                let frame = body.frame().await;
                let _ = held.wait_for(|is_held| !is_held).await;
                frame
            };
            let frame = tokio::select! {
                frame = next => frame?,
                _ = cut.changed() => return None,
            };
            Some((frame.map_err(Error::from), (body, held, cut)))
        });
        StreamBody::new(frames).boxed_unsync()
    }

    /// The body of a watch that shows nothing until all are cut.
    pub(super) fn quiet(&self) -> Sent {
        let nothing = stream::unfold(self.cut.subscribe(), |mut cut| async move {
            let _ = cut.changed().await;
            None::<(Result<Frame<Bytes>, Infallible>, _)>
        });
        StreamBody::new(nothing)
            .map_err(|never| match never {})
            .boxed_unsync()
    }
}
