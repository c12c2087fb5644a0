//! `venues`: serves a folder as web sites, so that the example sources work without internet. IO.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Parser;
use sms_venues::site;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

/// Serves a folder as web sites for the example sources.
#[derive(Debug, Parser)]
#[command(name = "venues", version)]
struct Args {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,

    /// Folder with one sub-folder for each site.
    #[arg(long, value_name = "FOLDER", default_value = "examples/venues")]
    root: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: Args) -> Result<(), String> {
    let router = site::router(&args.root).map_err(|error| {
        let root = args.root.display();
        format!("{root}: {error}; name the folder with --root")
    })?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        format!(
            "failed to listen on {}: {error}; choose another with --listen",
            args.listen
        )
    })?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    println!("listening on http://{address}, serving {}", args.root.display());

    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    axum::serve(listener, router)
        .with_graceful_shutdown(stop)
        .await
        .map_err(|error| error.to_string())
}
