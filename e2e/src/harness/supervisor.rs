//! Keeps components running: starts each again when it ends, unless its `.stopped` file exists. IO.

use std::{
    fs::{self, File, OpenOptions},
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{process::Command, sync::mpsc, time};

use super::{Error, Result, commands, programs::Programs};
use crate::{Component, layout::Layout};

const POLL: Duration = Duration::from_millis(50);
/// A component that cannot start shall not fill the disk with its log.
const PAUSE: Duration = Duration::from_millis(500);

/// Starts components and starts them again.
#[derive(Debug, Clone)]
pub struct Supervisor {
    layout: Layout,
    programs: Programs,
    ended: mpsc::UnboundedSender<Error>,
}

impl Supervisor {
    /// A supervisor, and the stream of components that ended.
    pub fn new(layout: Layout, programs: Programs) -> (Self, mpsc::UnboundedReceiver<Error>) {
        let (ended, receiver) = mpsc::unbounded_channel();
        (
            Self {
                layout,
                programs,
                ended,
            },
            receiver,
        )
    }

    /// Starts a component, from now on whenever it does not run. Nothing happens if it has no program.
    pub fn start(&self, component: Component) {
        let supervisor = self.clone();
        tokio::spawn(async move {
            loop {
                if !supervisor.layout.stopped(component).exists() {
                    let status = supervisor.live(component).await;
                    let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                    // Nobody listens once the cluster is ready.
                    let _ = supervisor.ended.send(Error::Ended { component, status });
                    time::sleep(PAUSE).await;
                }
                time::sleep(POLL).await;
            }
        });
    }

    /// One life of a component.
    async fn live(&self, component: Component) -> Result<ExitStatus> {
        let log = self.log(component)?;
        let command = commands::command(component, &self.layout, &self.programs);
        let (program, arguments) = command
            .split_first()
            .map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        let spawned = |source| Error::Spawn {
            program: program.to_owned(),
            source,
        };
        let mut child = Command::new(program)
            .args(arguments)
            .env("PATH", self.programs.search_path())
            .current_dir(self.layout.state())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(spawned)?)
            .stderr(log)
            .spawn()
            .map_err(spawned)?;
        self.note_pid(component, child.id().unwrap_or_default())?;
        let status = child.wait().await.map_err(spawned);
        let _ = fs::remove_file(self.layout.pid(component));
        status
    }

    fn log(&self, component: Component) -> Result<File> {
        let path = self.layout.log(component);
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(Error::file("open", &path))
    }

    /// A reader never finds half a number.
    fn note_pid(&self, component: Component, pid: u32) -> Result<()> {
        let path = self.layout.pid(component);
        let unfinished = path.with_extension("pid.new");
        let note = || -> io::Result<()> {
            fs::write(&unfinished, pid.to_string())?;
            fs::rename(&unfinished, &path)
        };
        note().map_err(Error::file("write", &path))
    }
}
