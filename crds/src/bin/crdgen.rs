//! Prints the CustomResourceDefinition of `ScrapeSource` as YAML. IO: writes to stdout.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::io::stdout().write_all(sms_crds::crd::yaml()?.as_bytes())?;
    Ok(())
}
