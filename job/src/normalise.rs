//! Makes events of raw items. Pure.

/// Names of the fields that an event is built from; every other field goes to `extra`.
pub const FIELDS: &[&str] = &[
    "id", "title", "start", "end", "when", "date", "time", "endDate", "endTime", "duration", "doors", "timeZone",
    "allDay", "occurrence", "venue", "address", "description", "performers", "categories", "url", "ticketUrl", "image",
    "price", "priceMin", "priceMax", "currency", "status", "cancelled", "soldOut",
];
use crate::{
    event::{Event, RawItem, Rejected},
    extract::error::PlanError,
};
pub struct Normaliser;
impl Normaliser {
    pub fn new(
        _: &str,
        _: Option<&sms_crds::v1alpha1::DateRules>,
        _: &std::collections::BTreeMap<String, String>,
        _: jiff::Timestamp,
    ) -> Result<Self, PlanError> {
        Ok(Self)
    }
    pub fn events(&self, _: usize, _: &RawItem, _: &str) -> Result<Vec<Event>, Rejected> {
        Ok(vec![])
    }
}
