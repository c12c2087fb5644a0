//! The fields that an event is built from: names, types and meanings, as extractors, `defaults`, `include`,
//! `exclude` and `transform` use them. Pure.

/// One field of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventField {
    /// Name in `fields`.
    pub name: &'static str,
    /// What may stand in it.
    pub kind: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Field of the stored event that it is seen in, where that has another name: what `expect.requiredFields` names.
    pub becomes: Option<&'static str>,
}

const fn field(name: &'static str, kind: &'static str, meaning: &'static str) -> EventField {
    EventField {
        name,
        kind,
        meaning,
        becomes: None,
    }
}

const fn input(
    name: &'static str,
    becomes: &'static str,
    kind: &'static str,
    meaning: &'static str,
) -> EventField {
    EventField {
        name,
        kind,
        meaning,
        becomes: Some(becomes),
    }
}

/// Every field that an event is built from. Any other field is kept with the event under `extra`.
pub const EVENT_FIELDS: &[EventField] = &[
    field(
        "id",
        "text or number",
        "The site's own identifier. It need not be unique where one id has several dates. Without it, an event is known \
         by its date and title.",
    ),
    field(
        "title",
        "text",
        "Title; entities are decoded and white space is tidied. An item without one is skipped.",
    ),
    field(
        "start",
        "date, or date and time",
        "Start: RFC 3339, a Unix time (seconds or milliseconds), or any form that `dates` describes. A date alone leaves \
         the time unknown.",
    ),
    field(
        "end",
        "date, or date and time",
        "End. For a date it is the last day, inclusive.",
    ),
    input(
        "when",
        "start",
        "text",
        "Free text that may give several events: `February 12 - 15, 2026 (5 & 8 p.m.)`. Used where there is no `start`.",
    ),
    input(
        "date",
        "start",
        "text",
        "Date alone, where the page has date and time apart.",
    ),
    input(
        "time",
        "start",
        "text",
        "Time that belongs to `date`: `7:30 – 9:15 p.m.`, `Doors: 7pm`, `noon`. A second time is the end.",
    ),
    input(
        "endDate",
        "end",
        "text",
        "Last date, where date and time are apart.",
    ),
    input(
        "endTime",
        "end",
        "text",
        "Time of the end; on the day of `endDate`, else of `date`.",
    ),
    input(
        "duration",
        "end",
        "text or number",
        "Length as ISO 8601 (`PT1H30M`) or as a number of minutes. Used where there is no end.",
    ),
    field("doors", "date and time, or time", "When doors open."),
    field(
        "timeZone",
        "text",
        "IANA zone of this item's times. Default: `extract.timeZone`.",
    ),
    field("allDay", "true or false", "The event lasts whole days."),
    field(
        "occurrence",
        "text",
        "Original start of one occurrence of a recurring event; part of the identity.",
    ),
    field("venue", "text", "Name of the place."),
    field(
        "address",
        "text or object",
        "Postal address; a schema.org PostalAddress is written in one line.",
    ),
    field("description", "text", "Description; HTML becomes plain text."),
    field(
        "performers",
        "list or text",
        "Who performs; a text is one performer.",
    ),
    field("categories", "list or text", "Categories or tags."),
    field(
        "url",
        "address",
        "The event's page; a relative address is resolved against the page it stands on.",
    ),
    field("ticketUrl", "address", "Where tickets are sold."),
    field("image", "address", "A picture."),
    input(
        "price",
        "priceMin",
        "text or number",
        "Free text: `$20 advance, $25 doors` is 20 to 25, `free` is 0. Gives `priceMin`, `priceMax` and `currency`.",
    ),
    field("priceMin", "number", "Lowest price; 0 is free."),
    field("priceMax", "number", "Highest price."),
    field("currency", "text", "ISO 4217 code."),
    field(
        "status",
        "text",
        "`scheduled`, `cancelled`, `postponed`, `rescheduled` or `movedOnline`; schema.org's EventStatusType and \
         iCalendar's STATUS are understood.",
    ),
    input(
        "cancelled",
        "status",
        "true or false, or text",
        "`true`, `yes` or 1 where the event is cancelled; a text that says so (`Cancelled!`, `is-cancelled`) or names \
         another `status` counts as well, any other text does not.",
    ),
    field(
        "soldOut",
        "true or false, or text",
        "`true`, `yes` or 1 where no tickets are left, or a text that says so (`Sold out`, \
         `https://schema.org/SoldOut`); any other text does not.",
    ),
];

/// The field called `name`.
pub fn event_field(name: &str) -> Option<&'static EventField> {
    EVENT_FIELDS.iter().find(|field| field.name == name)
}

/// The field that `name` spells in another way (`end_time`, `TicketURL`), if it is not a field's own name.
pub fn misspelt(name: &str) -> Option<&'static EventField> {
    let plain = |text: &str| text.replace(['_', '-', ' '], "").to_ascii_lowercase();
    let wanted = plain(name);
    EVENT_FIELDS
        .iter()
        .find(|field| field.name != name && plain(field.name) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_field_becomes_is_a_field() {
        for field in EVENT_FIELDS {
            let target = event_field(field.becomes.unwrap_or(field.name)).unwrap();
            assert_eq!(target.becomes, None, "{}", field.name);
        }
    }

    #[test]
    fn other_spellings_are_recognised() {
        assert_eq!(misspelt("end_time").map(|field| field.name), Some("endTime"));
        assert_eq!(misspelt("TicketURL").map(|field| field.name), Some("ticketUrl"));
        assert_eq!(misspelt("title"), None);
        assert_eq!(misspelt("genre"), None);
    }
}
