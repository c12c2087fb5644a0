//! Placeholder until the HTML extractor is merged.
use super::error::*;
use crate::event::RawItem;
use serde_json::Value;
use sms_crds::v1alpha1::HtmlExtract;
pub struct CompiledSelector;
pub fn compile_selector(_: &str, _: &str) -> Result<CompiledSelector, PlanError> {
    Ok(CompiledSelector)
}
pub fn fragment_text(s: &str) -> String {
    s.to_owned()
}
pub fn decode_entities(s: &str) -> String {
    s.to_owned()
}
pub fn fragment_select(_: &str, _: &CompiledSelector) -> Vec<Value> {
    vec![]
}
#[derive(Default)]
pub struct HtmlLimits;
pub struct HtmlPage;
impl HtmlPage {
    pub fn parse(_: &str, _: &HtmlLimits) -> Result<Self, ExtractError> {
        Ok(Self)
    }
    pub fn scripts(&self, _: &CompiledSelector) -> Vec<String> {
        vec![]
    }
    pub fn base_href(&self) -> Option<String> {
        None
    }
    pub fn next_link(&self, _: &CompiledSelector) -> Option<String> {
        None
    }
}
pub struct HtmlPlan;
pub struct ItemOptions {
    pub want_text: bool,
    pub max_items: usize,
}
pub struct HtmlItem {
    pub fields: RawItem,
    pub missing: Vec<String>,
    pub text: Option<String>,
}
impl HtmlPlan {
    pub fn compile(_: &HtmlExtract, _: &str) -> Result<Self, PlanError> {
        Ok(Self)
    }
    pub fn extract(&self, _: &HtmlPage, _: ItemOptions) -> Vec<HtmlItem> {
        vec![]
    }
}
pub mod microdata {
    pub fn items(_: &super::HtmlPage) -> Vec<serde_json::Value> {
        vec![]
    }
}
