//! Makes events of raw items. Pure.
//!
//! ```text
//! RawItem + defaults ──item──▶ fields ──text, price, link, status──▶ Event
//!                                     └─timing──dates──▶ start, end, doors (one event for each occurrence)
//! ```

pub mod dates;
mod ending;
mod item;
mod length;
mod link;
mod markup;
mod price;
mod problem;
pub(crate) mod status;
mod text;
mod timing;
mod zone;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use sms_crds::{report::SkipReason, v1alpha1::DateRules};
use url::Url;

use self::{dates::DateContext, item::Item, price::Price, problem::Problem, timing::Timing};
use crate::{
    event::{Event, EventTime, RawItem, Rejected},
    extract::error::PlanError,
};

/// Names of the fields that an event is built from; every other field goes to `extra`.
pub const FIELDS: &[&str] = &[
    "id",
    "title",
    "start",
    "end",
    "when",
    "date",
    "time",
    "endDate",
    "endTime",
    "duration",
    "doors",
    "timeZone",
    "allDay",
    "occurrence",
    "venue",
    "address",
    "description",
    "performers",
    "categories",
    "url",
    "ticketUrl",
    "image",
    "price",
    "priceMin",
    "priceMax",
    "currency",
    "status",
    "cancelled",
    "soldOut",
];

/// Makes events of raw items by the rules of one source, for one run.
#[derive(Debug, Clone)]
pub struct Normaliser {
    dates: DateContext,
    defaults: BTreeMap<String, Value>,
}

impl Normaliser {
    /// Compiles the rules of a source. `now` decides over dates without a year and over "today".
    pub fn new(
        source_zone: &str,
        rules: Option<&DateRules>,
        defaults: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<Self, PlanError> {
        let filled = defaults.iter().filter(|(_, value)| !value.trim().is_empty());
        Ok(Self {
            dates: DateContext::new(source_zone, rules, now)?,
            defaults: filled
                .map(|(name, value)| (name.clone(), Value::String(value.clone())))
                .collect(),
        })
    }

    /// How dates are read.
    pub fn dates(&self) -> &DateContext {
        &self.dates
    }

    /// The events of one item: one for each date or show that it names.
    pub fn events(&self, index: usize, item: &RawItem, base_url: &str) -> Result<Vec<Event>, Rejected> {
        self.build(item, base_url).map_err(|problem| Rejected {
            index,
            reason: problem.reason,
            detail: problem.detail,
            title: item
                .get("title")
                .and_then(Value::as_str)
                .filter(|title| title.len() <= item::LONGEST_TEXT)
                .map(|title| text::excerpt(&text::line(title)))
                .filter(|title| !title.is_empty()),
        })
    }

    fn build(&self, raw: &RawItem, base_url: &str) -> Result<Vec<Event>, Problem> {
        let item = Item::new(raw, &self.defaults)?;
        let title = item
            .title()
            .ok_or_else(|| Problem::new(SkipReason::MissingTitle, "the item has no title"))?;
        let timings = timing::timings(&item, &self.dates)?;
        let base = Url::parse(base_url).ok();
        Ok(timings
            .into_iter()
            .map(|timing| event(&item, title.clone(), timing, base.as_ref()))
            .collect())
    }
}

fn event(item: &Item, title: String, timing: Timing, base: Option<&Url>) -> Event {
    let link = |name: &str| item.get(name).and_then(|value| link::resolve(value, base));
    let price = price(item);
    let mut standing = item
        .line("status")
        .map(|status| status::of_text(&status))
        .unwrap_or_default();
    standing.merge(
        item.get("cancelled")
            .map(status::of_cancelled)
            .unwrap_or_default(),
    );
    standing.merge(status::of_title(&title));
    let sold_out = standing.sold_out || is_sold_out(item, &price);
    let mut extra = item.extra();
    if let Some(daily_times) = timing.daily_times {
        extra.entry("dailyTimes").or_insert(daily_times);
    }
    Event {
        id: item.line("id"),
        start: timing.start.whole_seconds(),
        end: timing.end.map(EventTime::whole_seconds),
        occurrence: item.line("occurrence"),
        all_day: timing.all_day,
        time_known: timing.time_known,
        time_zone: timing.time_zone,
        doors: timing.doors.map(EventTime::whole_seconds),
        venue: item.line("venue"),
        address: item.address(),
        description: item.paragraphs("description"),
        performers: item.list("performers"),
        categories: item.list("categories"),
        url: link("url"),
        ticket_url: link("ticketUrl"),
        image: link("image"),
        price_min: price.min,
        price_max: price.max,
        currency: price.currency,
        status: standing.status,
        sold_out,
        extra,
        title,
    }
}

/// The field `soldOut`, or those words in the place of a price.
fn is_sold_out(item: &Item, price: &Price) -> bool {
    let instead_of_price = item
        .get("price")
        .and_then(Value::as_str)
        .filter(|_| price.min.is_none());
    item.get("soldOut").is_some_and(status::is_sold_out)
        || instead_of_price.is_some_and(|text| status::of_text(text).sold_out)
}

/// `priceMin` and `priceMax` win over `price`, and `currency` over a symbol.
fn price(item: &Item) -> Price {
    let read = |name: &str| item.get(name).map(price::read).unwrap_or_default();
    let (text, low, high) = (read("price"), read("priceMin"), read("priceMax"));
    let min = low.min.or(text.min);
    let max = high.max.or(text.max);
    let is_swapped = matches!((min, max), (Some(min), Some(max)) if min > max);
    let currency = item.get("currency").and_then(price::currency_of);
    Price {
        min: if is_swapped { max } else { min },
        max: if is_swapped { min } else { max },
        currency: currency.or(text.currency).or(low.currency).or(high.currency),
    }
}

#[cfg(test)]
mod tests;
