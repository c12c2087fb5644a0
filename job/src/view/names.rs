//! Whether the names of a filter are names of sources. IO: reads the store.

use jiff::Timestamp;

use super::{context::View, problem::Problem, query};
use crate::store::listing::{Extent, Filter};

/// Tells a source that has no event in the list from one that does not exist: a name that was mistyped would stay empty
/// for ever.
pub(super) async fn check(view: &View, filter: &Filter, extent: &[Extent]) -> Result<(), Problem> {
    let found: Vec<(&str, &str)> = extent
        .iter()
        .map(|part| (part.source.as_str(), part.api_name.as_str()))
        .collect();
    if unknown(filter, &found).is_none() {
        return Ok(());
    }
    let known = view.reader.sources(query::today(Timestamp::now())).await;
    let known = known.map_err(|error| view.failed(&error))?;
    let known: Vec<(&str, &str)> = known
        .iter()
        .map(|source| (source.source.as_str(), source.api_name.as_str()))
        .collect();
    match unknown(filter, &known) {
        None => Ok(()),
        Some(name) => Err(Problem::of_parameter(
            "source",
            format!("source: no source that ever ran is called {name:?}; /v1/sources lists them"),
        )),
    }
}

/// The first name of the filter that is none of these sources' key or API name.
fn unknown<'a>(filter: &'a Filter, known: &[(&str, &str)]) -> Option<&'a String> {
    let is_unknown_key = |name: &&String| known.iter().all(|(key, _)| key != name);
    let is_unknown_api = |name: &&String| known.iter().all(|(_, api)| api != name);
    let mut keys = filter.sources.iter();
    keys.find(is_unknown_key)
        .or_else(|| filter.apis.iter().find(is_unknown_api))
}
