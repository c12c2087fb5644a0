//! Placeholder.
use super::{error::*, item::*};
use jiff::Timestamp;
pub struct IcalWindow {
    pub from: Timestamp,
    pub until: Timestamp,
    pub max_items: usize,
}
pub fn read(_: &str, _: &IcalWindow, _: &str) -> Result<ItemList, ExtractError> {
    Ok(ItemList::default())
}
