//! The five extraction kinds behind one signature. Pure.

mod calendar;
mod html;
mod json_ld;
#[cfg(test)]
mod tests;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;
use sms_crds::v1alpha1::{
    ExtractSpec, FeedExtract, FollowSpec, HtmlExtract, IcalExtract, JsonExtract, JsonLdExtract, LookupSpec,
};

use super::{
    error::{ExtractError, PlanError},
    feed,
    fields::{FieldFailures, FieldPrograms},
    html as pages, ical,
    item::{ItemList, RawNames},
    jq::Variables,
    json::JsonPlan,
    page::Page,
};
use calendar::IcalKind;
use html::HtmlKind;
use json_ld::JsonLdKind;

/// What every extractor needs to know of the run.
pub struct ReadOptions<'a> {
    /// Time of the run.
    pub now: Timestamp,
    /// Zone of times without one.
    pub zone: &'a TimeZone,
    /// Most items.
    pub max_items: usize,
    /// Whether an HTML item's whole text is wanted as field `text`.
    pub want_text: bool,
    /// Whether the untouched item is wanted, for `$item`.
    pub want_item: bool,
    /// Whether the page's JSON is wanted, for `$document` and the next page's address.
    pub want_document: bool,
}

/// What was read from one page.
pub struct Reading {
    /// The items.
    pub list: ItemList,
    /// The JSON of the page, for `$document`; null where the page is none or it is not wanted.
    pub document: Value,
    /// Names of non-optional fields that matched nothing, by item.
    pub missing: Vec<Vec<String>>,
    /// Field programs that failed on some of the items.
    pub failures: FieldFailures,
}

/// The five blocks of a manifest of which one is there.
type Specs<'s> = (
    Option<&'s JsonExtract>,
    Option<&'s HtmlExtract>,
    Option<&'s IcalExtract>,
    Option<&'s FeedExtract>,
    Option<&'s JsonLdExtract>,
);

/// A compiled extractor.
pub enum Kind {
    /// `json`
    Json(JsonPlan),
    /// `html`
    Html(HtmlKind),
    /// `ical`
    Ical(IcalKind),
    /// `feed`
    Feed(FieldPrograms),
    /// `jsonLd`
    JsonLd(JsonLdKind),
}

impl Kind {
    /// The kind that the manifest names.
    pub fn of_extract(spec: &ExtractSpec, path: &str) -> Result<Self, PlanError> {
        Self::compile(
            (
                spec.json.as_ref(),
                spec.html.as_ref(),
                spec.ical.as_ref(),
                spec.feed.as_ref(),
                spec.json_ld.as_ref(),
            ),
            path,
        )
    }

    /// The kind that a detail page is read with.
    pub fn of_follow(spec: &FollowSpec, path: &str) -> Result<Self, PlanError> {
        Self::compile(
            (
                spec.json.as_ref(),
                spec.html.as_ref(),
                spec.ical.as_ref(),
                spec.feed.as_ref(),
                spec.json_ld.as_ref(),
            ),
            path,
        )
    }

    /// The kind that a lookup is read with.
    pub fn of_lookup(spec: &LookupSpec, path: &str) -> Result<Self, PlanError> {
        Self::compile(
            (
                spec.json.as_ref(),
                spec.html.as_ref(),
                None,
                None,
                spec.json_ld.as_ref(),
            ),
            path,
        )
    }

    fn compile((json, html, ical, feed, json_ld): Specs<'_>, path: &str) -> Result<Self, PlanError> {
        match (json, html, ical, feed, json_ld) {
            (Some(spec), None, None, None, None) => {
                JsonPlan::compile(spec, &format!("{path}.json")).map(Self::Json)
            }
            (None, Some(spec), None, None, None) => {
                HtmlKind::compile(spec, &format!("{path}.html")).map(Self::Html)
            }
            (None, None, Some(spec), None, None) => {
                IcalKind::compile(spec, &format!("{path}.ical")).map(Self::Ical)
            }
            (None, None, None, Some(spec), None) => {
                FieldPrograms::compile(&spec.fields, &format!("{path}.feed")).map(Self::Feed)
            }
            (None, None, None, None, Some(spec)) => {
                JsonLdKind::compile(spec, &format!("{path}.jsonLd")).map(Self::JsonLd)
            }
            _ => Err(PlanError::new(
                path,
                "needs exactly one of json, html, ical, feed, jsonLd",
            )),
        }
    }

    /// Reads the items of a page.
    pub fn read(
        &self,
        page: &Page<'_>,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Result<Reading, ExtractError> {
        match self {
            Self::Json(plan) => {
                let (list, document, failures) = plan.read(page, variables, options)?;
                Ok(Reading {
                    list,
                    document,
                    missing: Vec::new(),
                    failures,
                })
            }
            Self::Html(kind) => kind.read(page, variables, options),
            Self::Ical(kind) => {
                let window = kind.window(options);
                let list = ical::read(
                    page.text(),
                    &window,
                    options.zone,
                    &raw_names(&kind.fields, options),
                )?;
                Ok(reading(list, &kind.fields, variables))
            }
            Self::Feed(fields) => {
                let names = raw_names(fields, options);
                let list = feed::read(&page.document().body, options.max_items, plain_text, &names)?;
                Ok(reading(list, fields, variables))
            }
            Self::JsonLd(kind) => kind.read(page, variables, options),
        }
    }

    /// Names of the fields that the manifest declares, in their order.
    pub fn field_names(&self) -> Vec<String> {
        let names: Vec<&str> = match self {
            Self::Json(plan) => plan.field_names().collect(),
            Self::Html(kind) => kind.field_names().collect(),
            Self::Ical(IcalKind { fields, .. })
            | Self::Feed(fields)
            | Self::JsonLd(JsonLdKind { fields, .. }) => fields.names().collect(),
        };
        names.into_iter().map(str::to_owned).collect()
    }

    /// Whether a program of this extractor names `variable`.
    pub fn mentions(&self, variable: &str) -> bool {
        match self {
            Self::Json(plan) => plan.needs_document() && variable == "$document",
            Self::Html(_) => false,
            Self::Ical(IcalKind { fields, .. })
            | Self::Feed(fields)
            | Self::JsonLd(JsonLdKind { fields, .. }) => fields.mentions(variable),
        }
    }
}

/// What of the items' raw form is looked at, by the field programs or by what comes after them.
fn raw_names(fields: &FieldPrograms, options: &ReadOptions<'_>) -> RawNames {
    match options.want_item {
        true => RawNames::All,
        false => fields.raw_names(),
    }
}

/// A feed's HTML as text; HTML that exceeds a limit is left as it is, and cut by the field's own limit.
fn plain_text(html: &str) -> String {
    pages::fragment_lines(html).map_or_else(|_| html.to_owned(), |lines| lines.join("\n"))
}

/// `variables` with the page's JSON, where a program looks at it: converting a large page is not free.
pub(super) fn with_document(variables: &Variables, document: &Value, wanted: bool) -> Variables {
    match wanted {
        true => Variables {
            document: Variables::value(document),
            ..variables.clone()
        },
        false => variables.clone(),
    }
}

/// Default fields, overridden by the manifest's programs.
fn reading(mut list: ItemList, fields: &FieldPrograms, variables: &Variables) -> Reading {
    let mut failures = FieldFailures::none(list.items.len());
    if !fields.is_empty() {
        for (index, item) in list.items.iter_mut().enumerate() {
            let defaults = std::mem::take(&mut item.fields);
            item.fields = fields.read(&item.raw, defaults, index, variables, &mut failures);
        }
    }
    Reading {
        list,
        document: Value::Null,
        missing: Vec::new(),
        failures,
    }
}
