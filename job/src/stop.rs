//! The request to stop, from a signal to every run. IO only in [`on_signal`].

use tokio::sync::watch;

/// Tells whether the process was asked to stop. Clones see the same request.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// The other end of a [`Stop`].
#[derive(Debug)]
pub struct StopSender(watch::Sender<bool>);

/// A request that is not made yet, and its sender.
pub fn channel() -> (StopSender, Stop) {
    let (sender, receiver) = watch::channel(false);
    (StopSender(sender), Stop(receiver))
}

impl StopSender {
    /// Makes the request.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Ends when the request is made; never, if its sender is gone without it.
    pub async fn requested(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends `grace` after the request is made.
    pub async fn requested_for(&self, grace: std::time::Duration) {
        self.requested().await;
        tokio::time::sleep(grace).await;
    }

    /// Whether the request is made.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }
}

/// A [`Stop`] that SIGTERM or SIGINT request. A second signal ends the process at once, as people expect of Ctrl-C.
///
/// # Errors
/// The system refuses to tell about signals.
pub fn on_signal() -> std::io::Result<Stop> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, stop) = channel();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        sender.stop();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(130);
    });
    Ok(stop)
}
