//! `migrate`: tables of the store. IO.

use super::{CommandError, output, setup};
use crate::args::StoreArgs;

/// Brings the tables up to date and says what was done.
pub async fn run(args: StoreArgs) -> Result<u8, CommandError> {
    let url = setup::store_url(&args)?.map_or_else(|| setup::fallback_store(&args), Ok)?;
    let store = crate::store::Store::open(&url)
        .await
        .map_err(|error| setup::store_error(&error))?;
    let report = store
        .migrate()
        .await
        .map_err(|error| setup::store_error(&error))?;
    let done = match report.applied.as_slice() {
        [] => "nothing to do".to_owned(),
        applied => format!("applied {}", applied.join(", ")),
    };
    output::product(format_args!("{url}: schema version {}, {done}", report.version))?;
    Ok(0)
}
