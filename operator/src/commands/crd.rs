//! `crd`: the CustomResourceDefinition that is committed. IO: standard output.

use super::{CommandError, output};

/// Prints it.
pub fn run() -> Result<u8, CommandError> {
    let yaml = sms_crds::crd::yaml().map_err(CommandError::transient)?;
    output::product(yaml.as_bytes())?;
    Ok(0)
}
