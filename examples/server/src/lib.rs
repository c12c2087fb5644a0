//! The web sites that the example sources read, served from a folder. `placeholder` is pure, `site` is IO.
//!
//! Pages may hold dates relative to today ([`placeholder`]), so that they never age.

pub mod placeholder;
pub mod site;
