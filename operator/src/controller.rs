//! The controller: one pass for one source, as five visible steps. IO.

pub mod status;

/// What is known of the cluster.
#[derive(Default)]
pub struct Caches {}
