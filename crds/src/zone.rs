//! Time-zone names. Pure: the database is compiled in, so that every machine gives the same answer.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::problem::{Problem, quoted};

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The database that is compiled in.
pub fn database() -> &'static TimeZoneDatabase {
    &DATABASE
}

/// The zone called `name`, in any case, of the database that is compiled in.
///
/// The process's own database ([`TimeZone::get`]) would be that of the machine where there is one: its folders are walked
/// for every process, and two machines may give two answers.
///
/// # Errors
/// There is no such zone.
pub fn named(name: &str) -> Result<TimeZone, jiff::Error> {
    DATABASE.get(name)
}

/// The zone called `name`; `path` is the field that names it.
///
/// Names are case-sensitive, as they are to Kubernetes (`CronJob.spec.timeZone`).
pub fn time_zone(name: &str, path: &str) -> Result<TimeZone, Problem> {
    if let Ok(zone) = DATABASE.get(name)
        && zone.iana_name() == Some(name)
    {
        return Ok(zone);
    }
    let names: Vec<_> = DATABASE.available().collect();
    // People write the city alone, or an abbreviation that names no single zone.
    let city = || {
        names
            .iter()
            .map(jiff::tz::TimeZoneName::as_str)
            .find(|known| same_city(known, name))
    };
    // One wrong letter in a city; a looser search would send "Pacific Time" to Niue.
    let typing_error = |known: &&str| {
        name.len() > 5 && strsim::osa_distance(&known.to_lowercase(), &name.to_lowercase()) <= 2
    };
    let near = names
        .iter()
        .map(jiff::tz::TimeZoneName::as_str)
        .find(typing_error)
        .or_else(city);
    let remedy = near.map_or_else(
        || "write an IANA name such as America/Los_Angeles or UTC".to_owned(),
        |near| format!("did you mean {near}?"),
    );
    Err(Problem::new(
        path,
        format!("{} is not an IANA time zone: {remedy}", quoted(name)),
    ))
}

fn same_city(known: &str, name: &str) -> bool {
    known
        .rsplit('/')
        .next()
        .is_some_and(|city| city.eq_ignore_ascii_case(&name.trim().replace(' ', "_")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(name: &str) -> String {
        time_zone(name, "spec.timeZone").unwrap_err().to_string()
    }

    #[test]
    fn known_zones_are_found() {
        for name in [
            "UTC",
            "America/Los_Angeles",
            "Europe/Berlin",
            "Etc/GMT+8",
            "Asia/Kolkata",
        ] {
            assert_eq!(time_zone(name, "spec.timeZone").unwrap().iana_name(), Some(name));
        }
    }

    #[test]
    fn unknown_zones_are_refused_with_the_nearest_name() {
        assert_eq!(
            error("America/Los_Angelos"),
            "spec.timeZone: \"America/Los_Angelos\" is not an IANA time zone: did you mean America/Los_Angeles?"
        );
        assert!(error("america/los_angeles").ends_with("did you mean America/Los_Angeles?"));
        assert!(error("Los Angeles").ends_with("did you mean America/Los_Angeles?"));
        for name in [
            "Seattle",
            "Pacific Time",
            "PST8",
            "Local",
            "",
            "+08:00",
            "../etc/passwd",
        ] {
            assert!(
                error(name).ends_with("write an IANA name such as America/Los_Angeles or UTC"),
                "{name}"
            );
        }
    }
}
