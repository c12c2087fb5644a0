//! The five extraction kinds behind one signature. Pure.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;
use sms_crds::v1alpha1::{
    ExtractSpec, FeedExtract, FollowSpec, HtmlExtract, IcalExtract, JsonLdExtract, LookupSpec,
};

use super::{
    error::{ExtractError, PlanError},
    feed,
    fields::FieldPrograms,
    html::{CompiledSelector, HtmlPage, HtmlPlan, ItemOptions, compile_selector, fragment_text, microdata},
    ical::{self, IcalWindow},
    item::{ItemList, SourceItem},
    jq::{Program, Variables},
    json::JsonPlan,
    json_ld,
    page::Page,
};

/// Where recurrences begin and end when the manifest does not say, in days.
const DEFAULT_HORIZON_DAYS: i64 = 366;
const DEFAULT_PAST_DAYS: i64 = 30;

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
}

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

/// HTML, possibly inside JSON.
pub struct HtmlKind {
    within: Option<Program>,
    plan: HtmlPlan,
}

/// iCalendar with its horizon in seconds.
pub struct IcalKind {
    past_seconds: i64,
    horizon_seconds: i64,
    fields: FieldPrograms,
}

/// JSON-LD and microdata.
pub struct JsonLdKind {
    scripts: CompiledSelector,
    types: Vec<String>,
    microdata: bool,
    fields: FieldPrograms,
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

    fn compile(
        (json, html, ical, feed, json_ld): (
            Option<&sms_crds::v1alpha1::JsonExtract>,
            Option<&HtmlExtract>,
            Option<&IcalExtract>,
            Option<&FeedExtract>,
            Option<&JsonLdExtract>,
        ),
        path: &str,
    ) -> Result<Self, PlanError> {
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
                let documents = plan.documents(page)?;
                let document = match documents.as_slice() {
                    _ if !(options.want_document || plan.needs_document()) => Value::Null,
                    [single] => single.clone(),
                    several => Value::from(several.to_vec()),
                };
                let variables = with_document(variables, &document, plan.needs_document());
                Ok(Reading {
                    list: plan.items(documents, &variables, options)?,
                    document,
                    missing: Vec::new(),
                })
            }
            Self::Html(kind) => kind.read(page, variables, options),
            Self::Ical(kind) => {
                let window = kind.window(options);
                let list = ical::read(page.text(), &window, options.zone)?;
                Ok(reading(list, &kind.fields, variables))
            }
            Self::Feed(fields) => {
                let list = feed::read(&page.document().body, options.max_items, plain_text)?;
                Ok(reading(list, fields, variables))
            }
            Self::JsonLd(kind) => kind.read(page, variables, options),
        }
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

/// A feed's HTML as text; HTML that exceeds a limit is left as it is, and cut by the field's own limit.
fn plain_text(html: &str) -> String {
    fragment_text(html).unwrap_or_else(|_| html.to_owned())
}

/// `variables` with the page's JSON, where a program looks at it: converting a large page is not free.
fn with_document(variables: &Variables, document: &Value, wanted: bool) -> Variables {
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
    if !fields.is_empty() {
        for (index, item) in list.items.iter_mut().enumerate() {
            item.fields = fields.read(&item.raw, std::mem::take(&mut item.fields), index, variables);
        }
    }
    Reading {
        list,
        document: Value::Null,
        missing: Vec::new(),
    }
}

impl HtmlKind {
    fn compile(spec: &HtmlExtract, path: &str) -> Result<Self, PlanError> {
        let within = match &spec.within {
            Some(source) => Some(Program::compile(source, format!("{path}.within"))?),
            None => None,
        };
        Ok(Self {
            within,
            plan: HtmlPlan::compile(spec, path)?,
        })
    }

    fn read(
        &self,
        page: &Page<'_>,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Result<Reading, ExtractError> {
        let inside = match self.within.is_some() || page.looks_like_json() {
            true => self.html_inside_json(page.text(), variables)?,
            false => None,
        };
        match inside {
            Some((html, document)) => {
                let parsed = HtmlPage::parse(&html, page.limits())?;
                self.items(&parsed, document, options)
            }
            None => self.items(page.html()?, Value::Null, options),
        }
    }

    /// The HTML texts of a page that is JSON, joined; `None` where it is not JSON.
    fn html_inside_json(
        &self,
        text: &str,
        variables: &Variables,
    ) -> Result<Option<(String, Value)>, ExtractError> {
        let Ok(document) = serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) else {
            return Ok(None);
        };
        let outputs = match &self.within {
            Some(program) => {
                program
                    .run(&document, variables, 10_000)
                    .map_err(|problem| ExtractError::Program {
                        path: program.place().to_owned(),
                        problem,
                    })?
            }
            None => vec![document.clone()],
        };
        let mut html = String::new();
        for output in &outputs {
            match output {
                Value::String(part) => html.push_str(part),
                Value::Array(parts) => parts
                    .iter()
                    .filter_map(Value::as_str)
                    .for_each(|part| html.push_str(part)),
                _ => {}
            }
        }
        if html.is_empty() && self.within.is_none() {
            return Err(ExtractError::Parse {
                format: "HTML",
                problem: "the page is JSON: name the HTML inside it with within, or use the json extractor"
                    .to_owned(),
            });
        }
        Ok(Some((html, document)))
    }

    fn items(
        &self,
        html: &HtmlPage,
        document: Value,
        options: &ReadOptions<'_>,
    ) -> Result<Reading, ExtractError> {
        let item_options = ItemOptions {
            want_text: options.want_text,
            max_items: options.max_items + 1,
        };
        let mut found = self.plan.extract(html, item_options)?;
        let truncated = found.len() > options.max_items;
        found.truncate(options.max_items);
        let mut missing = Vec::with_capacity(found.len());
        let mut items = Vec::with_capacity(found.len());
        for item in found {
            let mut fields = item.fields;
            if let Some(text) = item.text {
                fields.entry("text").or_insert(Value::String(text));
            }
            missing.push(item.missing);
            items.push(SourceItem {
                raw: Value::Null,
                fields,
            });
        }
        Ok(Reading {
            list: ItemList {
                items,
                truncated,
                warnings: Vec::new(),
            },
            document,
            missing,
        })
    }
}

impl IcalKind {
    fn compile(spec: &IcalExtract, path: &str) -> Result<Self, PlanError> {
        let seconds = |text: &Option<sms_crds::DurationString>, name: &str, default_days: i64| match text {
            None => Ok(default_days * 86_400),
            Some(text) => text
                .to_std()
                .map(|duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
                .map_err(|error| PlanError::new(format!("{path}.{name}"), error.to_string())),
        };
        Ok(Self {
            past_seconds: seconds(&spec.past, "past", DEFAULT_PAST_DAYS)?,
            horizon_seconds: seconds(&spec.horizon, "horizon", DEFAULT_HORIZON_DAYS)?,
            fields: FieldPrograms::compile(&spec.fields, path)?,
        })
    }

    fn window(&self, options: &ReadOptions<'_>) -> IcalWindow {
        let at = |seconds: i64| {
            options
                .now
                .checked_add(jiff::SignedDuration::from_secs(seconds))
                .unwrap_or(options.now)
        };
        IcalWindow {
            from: at(-self.past_seconds),
            until: at(self.horizon_seconds),
            max_items: options.max_items,
        }
    }
}

impl JsonLdKind {
    fn compile(spec: &JsonLdExtract, path: &str) -> Result<Self, PlanError> {
        Ok(Self {
            scripts: compile_selector("script[type*=\"ld+json\" i]", path)?,
            types: spec.types.clone(),
            microdata: spec.microdata,
            fields: FieldPrograms::compile(&spec.fields, path)?,
        })
    }

    fn read(
        &self,
        page: &Page<'_>,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Result<Reading, ExtractError> {
        let (mut values, warnings) = if page.looks_like_json() {
            json_ld::scripts_to_values(&[page.text().to_owned()])
        } else {
            json_ld::scripts_to_values(&page.html()?.scripts(&self.scripts))
        };
        if self.microdata && !page.looks_like_json() {
            values.extend(microdata::items(page.html()?));
        }
        if values.is_empty() {
            let problem = match warnings.first() {
                Some(warning) => warning.clone(),
                None => "the page holds no script of type application/ld+json".to_owned(),
            };
            return Err(ExtractError::Parse {
                format: "JSON-LD",
                problem,
            });
        }
        let document = if self.fields.mentions("$document") {
            Value::Array(values.clone())
        } else {
            Value::Null
        };
        let variables = with_document(variables, &document, !document.is_null());
        let mut list = json_ld::read_objects(&values, &self.types);
        list.warnings.extend(warnings);
        if list.items.len() > options.max_items {
            list.items.truncate(options.max_items);
            list.truncated = true;
        }
        Ok(Reading {
            document,
            ..reading(list, &self.fields, &variables)
        })
    }
}
