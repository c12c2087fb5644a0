//! A page being read: decoded once, parsed once. Pure.

use std::{borrow::Cow, cell::OnceCell};

use url::Url;

use super::{
    charset,
    error::ExtractError,
    html::{self, HtmlLimits, HtmlPage},
};
use crate::document::Document;

/// A document and what has been made of it so far.
pub struct Page<'d> {
    document: &'d Document,
    text: Cow<'d, str>,
    limits: HtmlLimits,
    html: OnceCell<Result<HtmlPage, ExtractError>>,
    /// `<base href>` of a page of which only the scripts were looked for.
    scanned_base: OnceCell<Option<String>>,
}

impl<'d> Page<'d> {
    /// Decodes the document; parsing waits until somebody asks.
    pub fn new(document: &'d Document) -> Self {
        Self {
            document,
            text: charset::decode(document),
            limits: HtmlLimits::default(),
            html: OnceCell::new(),
            scanned_base: OnceCell::new(),
        }
    }

    /// The fetched document.
    pub fn document(&self) -> &Document {
        self.document
    }

    /// The page as text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Limits for parsing HTML.
    pub fn limits(&self) -> &HtmlLimits {
        &self.limits
    }

    /// Whether the page is JSON by its header or by its first character.
    pub fn looks_like_json(&self) -> bool {
        let start = self.text.trim_start_matches('\u{feff}').trim_start();
        (self.document.says_json() && !start.starts_with('<')) || start.starts_with(['{', '[', '"'])
    }

    /// The page as HTML, parsed at most once.
    pub fn html(&self) -> Result<&HtmlPage, ExtractError> {
        self.html
            .get_or_init(|| HtmlPage::parse(&self.text, &self.limits))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// The contents of the scripts whose type holds `kind` (in lower case), found without parsing the page; `None` where it
    /// has been parsed already, or where only that tells what is a script.
    pub fn scanned_scripts(&self, kind: &str) -> Option<Vec<Cow<'_, str>>> {
        if self.html.get().is_some() {
            return None;
        }
        let found = html::scan(&self.text, kind)?;
        self.scanned_base.get_or_init(|| found.base);
        Some(found.scripts)
    }

    /// Address that relative links of the page start from: `<base href>` where the page was read as HTML, else its own.
    pub fn base_url(&self) -> String {
        let base = self
            .html
            .get()
            .and_then(|page| page.as_ref().ok())
            .and_then(HtmlPage::base_href)
            .or_else(|| self.scanned_base.get().cloned().flatten());
        match (base, Url::parse(&self.document.url)) {
            (Some(href), Ok(own)) => own.join(&href).map_or_else(|_| own.to_string(), String::from),
            _ => self.document.url.clone(),
        }
    }
}
