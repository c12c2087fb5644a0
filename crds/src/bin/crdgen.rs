//! Writes the `CustomResourceDefinition` of `ScrapeSource` as YAML to the file that is named, else to stdout; and its
//! schema as JSON to the second file, if one is named. IO.

use std::{env, fs, io, io::Write};

fn main() -> io::Result<()> {
    let text = sms_crds::crd::yaml().map_err(io::Error::other)?;
    if let Some(path) = env::args_os().nth(2) {
        fs::write(path, sms_crds::crd::schema_json()?)?;
    }
    match env::args_os().nth(1) {
        Some(path) => fs::write(path, text),
        None => io::stdout().write_all(text.as_bytes()),
    }
}
