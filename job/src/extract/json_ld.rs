//! Placeholder.
use super::item::*;
use serde_json::Value;
pub fn read_objects(_: Vec<Value>, _: &[String]) -> ItemList {
    ItemList::default()
}
pub fn scripts_to_values(_: &[String]) -> (Vec<Value>, Vec<String>) {
    (vec![], vec![])
}
