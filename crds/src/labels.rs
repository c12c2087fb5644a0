//! Label and annotation keys. Pure.

/// Annotation on a ScrapeSource: a token that asks for one run now.
pub const RUN_NOW: &str = "sms-scraper.dev/run-now";

/// Annotation on a ScrapeSource: the run whose event count becomes the new normal.
pub const ACCEPT: &str = "sms-scraper.dev/accept";
