//! Makes events of raw items. Pure.

/// Names of the fields that an event is built from; every other field goes to `extra`.
pub const FIELDS: &[&str] = &[
    "id", "title", "start", "end", "when", "date", "time", "endDate", "endTime", "duration", "doors", "timeZone",
    "allDay", "occurrence", "venue", "address", "description", "performers", "categories", "url", "ticketUrl", "image",
    "price", "priceMin", "priceMax", "currency", "status", "cancelled", "soldOut",
];
