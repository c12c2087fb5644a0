//! What an attack or a workload came to, kept for the table of `make prove`. IO: writes below the folder `SMS_PROOF`.
//!
//! A test measures, records a [`Row`], and only then asserts, so that a figure that misses its goal is in the table too.
//! Without `SMS_PROOF` nothing is written. Each row is a file of its own: tests run side by side, and what runs again
//! replaces what it wrote before.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

mod table;

pub use table::{Expected, TableError, compare, render};

/// The folder that rows go to.
pub const FOLDER: &str = "SMS_PROOF";
/// Set to 1, tests of this table take their long form: more moments, larger bombs, longer watches.
pub const LONG: &str = "SMS_PROOF_LONG";

/// Which part of the proof a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Servers that are slow, silent, lying or luring.
    HostileServers,
    /// Pages, feeds, calendars, programs and patterns made to cost time or memory.
    HostileDocuments,
    /// Coverage-guided fuzzing.
    Fuzzing,
    /// Death, full disks and crowds while events are stored.
    CrashSafety,
    /// An operator, or what it talks to, that fails.
    OperatorFaults,
    /// A secret's way through everything that is written down.
    Secrets,
    /// What the product is built of.
    SupplyChain,
    /// Counted work: writes, rows, instructions.
    Work,
}

impl Group {
    /// Every group, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::HostileServers,
        Self::HostileDocuments,
        Self::Fuzzing,
        Self::CrashSafety,
        Self::OperatorFaults,
        Self::Secrets,
        Self::SupplyChain,
        Self::Work,
    ];

    /// The name in files and on the command line, such as `hostile-servers`.
    pub fn slug(self) -> &'static str {
        match self {
            Self::HostileServers => "hostile-servers",
            Self::HostileDocuments => "hostile-documents",
            Self::Fuzzing => "fuzzing",
            Self::CrashSafety => "crash-safety",
            Self::OperatorFaults => "operator-faults",
            Self::Secrets => "secrets",
            Self::SupplyChain => "supply-chain",
            Self::Work => "work",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Row {
    /// The part it belongs to.
    pub group: Group,
    /// The attack or workload; unique in its group, and the same in every run.
    pub attack: String,
    /// What was measured, with units.
    pub figure: String,
    /// What is asked for, with units.
    pub goal: String,
    /// Whether the figure meets the goal.
    pub pass: bool,
}

impl Row {
    /// Keeps the row if `SMS_PROOF` names a folder, and tells whether the goal is met.
    ///
    /// # Panics
    /// When the folder cannot be written: a proof that is lost is a failed proof.
    #[must_use = "assert it: a row that misses its goal fails its test"]
    #[allow(clippy::panic, reason = "only tests and benchmarks record rows")]
    pub fn record(&self) -> bool {
        if let Some(folder) = env::var_os(FOLDER).filter(|folder| !folder.is_empty()) {
            let folder = PathBuf::from(folder);
            if let Err(error) = self.write(&folder) {
                panic!("a row of {FOLDER}={}: {error}", folder.display());
            }
        }
        self.pass
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        let folder = folder.join(self.group.slug());
        fs::create_dir_all(&folder)?;
        fs::write(
            folder.join(file_name(&self.attack)),
            serde_json::to_vec_pretty(self)?,
        )
    }
}

/// Records a row; see [`Row::record`].
#[must_use = "assert it: a row that misses its goal fails its test"]
pub fn record(group: Group, attack: &str, figure: impl Into<String>, goal: &str, pass: bool) -> bool {
    let row = Row {
        group,
        attack: attack.to_owned(),
        figure: figure.into(),
        goal: goal.to_owned(),
        pass,
    };
    row.record()
}

/// Whether tests take their long form.
pub fn long() -> bool {
    env::var_os(LONG).is_some_and(|value| value == "1")
}

fn file_name(attack: &str) -> String {
    let mut name: String = attack
        .chars()
        .map(|char| {
            if char.is_ascii_alphanumeric() {
                char.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    name.truncate(150);
    name.push_str(".json");
    name
}
