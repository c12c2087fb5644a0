//! `get`: sources as a table or as they are. IO: reads the cluster, prints.

use std::io::{IsTerminal, stdout};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Result,
    args::{GetArgs, GetFormat},
    cluster::Cluster,
    found::Found,
    table::{self, Look},
    tell,
};
use crate::commands::{CONFIGURATION, CommandError, output};

/// Prints them; a name that is not there does not keep the others from being printed.
pub async fn run(cluster: &Cluster, args: &GetArgs) -> Result {
    let scope = cluster.scope(args.all_namespaces);
    let all = cluster.sources(&scope).await?;
    let mut problems = Vec::new();
    for name in &args.names {
        if !all.iter().any(|found| found.key().name == *name) {
            problems.push(cluster.unknown(name, &all).await.message);
        }
    }
    let is_wanted = |found: &Found| args.names.is_empty() || args.names.contains(&found.key().name);
    let found: Vec<Found> = all.into_iter().filter(is_wanted).collect();
    if found.is_empty() && problems.is_empty() && !is_data(args.output) {
        tell(format_args!("No ScrapeSource {scope}"));
    } else if !found.is_empty() || is_data(args.output) {
        output::product(printed(&found, args)?.as_bytes())?;
    }
    for problem in &problems {
        tell(format_args!("error: {problem}"));
    }
    Ok(if problems.is_empty() { 0 } else { CONFIGURATION })
}

/// Whether a program reads the output, which expects a list even if nothing is in it.
fn is_data(format: GetFormat) -> bool {
    matches!(format, GetFormat::Json | GetFormat::Yaml)
}

/// Colours are for people: on a terminal, unless `NO_COLOR` (no-color.org) says otherwise.
pub fn wants_colours() -> bool {
    stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn printed(found: &[Found], args: &GetArgs) -> Result<String> {
    let look = Look {
        namespaces: args.all_namespaces,
        wide: args.output == GetFormat::Wide,
        colours: wants_colours(),
    };
    Ok(match args.output {
        GetFormat::Table | GetFormat::Wide => table::sources(found, Timestamp::now(), look),
        GetFormat::Json => serde_json::to_string_pretty(&document(found, args))
            .map(|json| json + "\n")
            .map_err(CommandError::transient)?,
        GetFormat::Yaml => {
            serde_saphyr::to_string(&document(found, args)).map_err(CommandError::transient)?
        }
        GetFormat::Name => found
            .iter()
            .map(|found| "scrapesource.sms-scraper.dev/".to_owned() + &found.key().name + "\n")
            .collect(),
    })
}

/// One object where one was asked for, else a list, as kubectl does.
fn document(found: &[Found], args: &GetArgs) -> Value {
    match (found, args.names.len()) {
        ([one], 1) => json!(one.object),
        _ => json!({
            "apiVersion": "v1",
            "kind": "List",
            "metadata": {},
            "items": found.iter().map(|found| json!(found.object)).collect::<Vec<_>>(),
        }),
    }
}
