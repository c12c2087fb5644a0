//! iCalendar files and the items they come to.

#[path = "golden/item_list.rs"]
mod item_list;

use jiff::tz::TimeZone;
use sms_job::extract::{
    ical::{IcalWindow, read},
    item::RawNames,
};

#[test]
fn calendars_are_read_as_expected() {
    let window = IcalWindow {
        from: "2026-05-01T00:00:00Z".parse().unwrap(),
        until: "2026-11-15T00:00:00Z".parse().unwrap(),
        max_items: 100,
    };
    let zone = TimeZone::get("America/Los_Angeles").unwrap();
    item_list::check("ical", 10, |bytes, _| {
        read(
            std::str::from_utf8(bytes).unwrap(),
            &window,
            &zone,
            &RawNames::All,
        )
        .unwrap()
    });
}
