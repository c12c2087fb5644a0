//! Items from iCalendar (RFC 5545), lenient towards real-world files. Pure.
//!
//! `calcard` reads the text and expands recurrence rules; [`recurrence`] makes recurrence sets of them (RDATE, EXDATE,
//! overrides), since a set needs the UID and `calcard`'s own does not look at it.

mod calendar;
mod fields;
mod recurrence;
mod rule;
mod series;
mod time;
mod zone;

use calcard::icalendar::{ICalendar, ICalendarComponent, ICalendarComponentType};
use jiff::{Timestamp, tz::TimeZone};

use self::{
    fields::Occurrence,
    recurrence::{Budget, Expansion},
    series::Series,
    time::Reader,
    zone::Zones,
};
use super::{
    error::ExtractError,
    item::{ItemList, RawNames, SourceItem},
};

/// Which occurrences are read, and how many items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcalWindow {
    /// Earliest start of an occurrence of a recurring event.
    pub from: Timestamp,
    /// Latest start of an occurrence of a recurring event.
    pub until: Timestamp,
    /// Most items.
    pub max_items: usize,
}

/// Reads every VEVENT of `text`, which may hold several calendars one after another.
///
/// An event that does not recur is one item whatever its date; a recurring one is an item for each occurrence that
/// starts inside `window`, each with the field `occurrence`: its original start in UTC, or its original date. Times
/// without a zone are read in `default_zone`. A last day is inclusive, other than DTEND. A file without events is an
/// empty list.
///
/// # Errors
/// [`ExtractError::Parse`] where the text holds no calendar; it says what was found instead.
pub fn read(
    text: &str,
    window: &IcalWindow,
    default_zone: &TimeZone,
    names: &RawNames,
) -> Result<ItemList, ExtractError> {
    let calendars = calendar::parse(text)?;
    let mut list = ItemList::default();
    let zones = Zones::new(&calendars, default_zone, &mut list);
    let reader = Reader::new(&zones);
    let mut budget = Budget::default();
    for series in series::group(events(&calendars), &reader) {
        if list.items.len() >= window.max_items {
            list.truncated = true;
            break;
        }
        for occurrence in occurrences(&series, window, &reader, &mut budget, &mut list) {
            if list.items.len() >= window.max_items {
                list.truncated = true;
                break;
            }
            list.items.push(SourceItem {
                fields: fields::fields(&occurrence),
                raw: fields::raw(&occurrence, names),
            });
        }
    }
    Ok(list)
}

/// The VEVENTs in the order of the file. An event whose END is missing holds the following ones; all are found.
fn events(calendars: &[ICalendar]) -> impl Iterator<Item = &ICalendarComponent> {
    calendars
        .iter()
        .flat_map(|calendar| &calendar.components)
        .filter(|component| component.component_type == ICalendarComponentType::VEvent)
}

fn occurrences<'a>(
    series: &Series<'a>,
    window: &IcalWindow,
    reader: &Reader<'_>,
    budget: &mut Budget,
    list: &mut ItemList,
) -> Vec<Occurrence<'a>> {
    let Expansion {
        occurrences,
        truncated,
        warnings,
    } = recurrence::expand(series, window, reader, budget);
    list.truncated |= truncated;
    for warning in warnings {
        list.warn(warning);
    }
    occurrences
}

#[cfg(test)]
mod tests;
