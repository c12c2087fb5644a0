//! The metrics contract as the `prometheus` crate wants it. Pure.

use prometheus::{HistogramOpts, Opts};

pub use sms_crds::metrics::{
    DURATION_BUCKETS, Family, Kind, REQUEST_BUCKETS, exported, operator, pushed, view,
};

/// Name and help of a family.
pub(crate) fn opts(family: &Family) -> Opts {
    Opts::new(family.name, family.help)
}

/// Name, help and buckets of a histogram.
pub(crate) fn histogram_opts(family: &Family, buckets: &[f64]) -> HistogramOpts {
    HistogramOpts::from(opts(family)).buckets(buckets.to_vec())
}
