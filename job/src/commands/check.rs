//! `check`: manifests without fetching anything. IO: reads files, prints.

use super::{CONFIGURATION, CommandError, output};
use crate::{args::CheckArgs, sources};

/// Prints one line for each problem on standard error and the number of sources on standard output.
pub fn run(args: &CheckArgs) -> Result<u8, CommandError> {
    let paths: Vec<_> = match (args.paths.is_empty(), &args.sources) {
        (false, _) => args.paths.clone(),
        (true, Some(path)) => vec![path.clone()],
        (true, None) => {
            return Err(CommandError::configuration(
                "nothing to check: name files or folders, or set --sources or SMS_SOURCES",
            ));
        }
    };
    let loaded = sources::from_paths(&paths);
    for line in loaded.problems.iter().chain(&loaded.empty) {
        output::note(line);
    }
    output::product(format_args!(
        "{}, {}",
        output::counted(loaded.sources.len(), "valid source"),
        output::counted(loaded.problems.len(), "problem")
    ))?;
    Ok(match loaded.problems.is_empty() {
        true => 0,
        false => CONFIGURATION,
    })
}
