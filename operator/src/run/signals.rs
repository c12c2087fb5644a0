//! Signals that ask to stop. IO.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code of a process that a second signal ends: as if Ctrl-C had ended it.
const ENDED_AT_ONCE: i32 = 130;

/// Cancelled by SIGTERM or SIGINT. A second signal ends the process at once.
///
/// # Errors
/// The system refuses to tell about signals.
pub(super) fn stop() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        either(&mut terminate, &mut interrupt).await;
        tracing::info!("Stopping; a second signal ends the process at once");
        asked.cancel();
        either(&mut terminate, &mut interrupt).await;
        std::process::exit(ENDED_AT_ONCE);
    });
    Ok(stop)
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
