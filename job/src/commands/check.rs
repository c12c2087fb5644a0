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
    let (mut valid, mut problems) = (0, 0);
    for path in paths {
        let loaded = sources::from_path(&path);
        for problem in &loaded.problems {
            output::note(problem);
        }
        valid += loaded.sources.len();
        problems += loaded.problems.len();
    }
    let sources = output::counted(valid, "valid source");
    output::product(format_args!(
        "{sources}, {}",
        output::counted(problems, "problem")
    ))?;
    Ok(if problems == 0 { 0 } else { CONFIGURATION })
}
