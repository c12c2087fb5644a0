//! What the container may use: the source's, and the operator's where the source says nothing. Pure.

use std::collections::BTreeMap;

use k8s_openapi::{api::core::v1::ResourceRequirements, apimachinery::pkg::api::resource::Quantity};

/// `wanted` over `base`, resource by resource: a source that sets one thing does not lose the operator's limits of others.
///
/// A limit of the source takes the operator's request of that resource away, which may be higher; Kubernetes then takes
/// the limit for both.
pub fn merged(wanted: Option<&ResourceRequirements>, base: ResourceRequirements) -> ResourceRequirements {
    let Some(wanted) = wanted else { return base };
    let mut limits = base.limits.unwrap_or_default();
    let mut requests = base.requests.unwrap_or_default();
    for (name, quantity) in wanted.limits.iter().flatten() {
        requests.remove(name);
        limits.insert(name.clone(), quantity.clone());
    }
    requests.extend(wanted.requests.clone().unwrap_or_default());
    ResourceRequirements {
        limits: (!limits.is_empty()).then_some(limits),
        requests: (!requests.is_empty()).then_some(requests),
        claims: None,
    }
}

/// What a container gets where neither source nor operator says anything.
pub fn fallback() -> ResourceRequirements {
    ResourceRequirements {
        requests: Some(quantities(&[("cpu", "20m"), ("memory", "64Mi")])),
        limits: Some(quantities(&[("memory", "512Mi")])),
        claims: None,
    }
}

fn quantities(entries: &[(&str, &str)]) -> BTreeMap<String, Quantity> {
    entries
        .iter()
        .map(|(name, amount)| ((*name).to_owned(), Quantity((*amount).to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(requests: &[(&str, &str)], limits: &[(&str, &str)]) -> ResourceRequirements {
        ResourceRequirements {
            requests: (!requests.is_empty()).then(|| quantities(requests)),
            limits: (!limits.is_empty()).then(|| quantities(limits)),
            claims: None,
        }
    }

    #[test]
    fn a_source_that_sets_nothing_or_one_thing_keeps_the_operators_limits() {
        assert_eq!(merged(None, fallback()), fallback());
        assert_eq!(merged(Some(&of(&[], &[])), fallback()), fallback());
        assert_eq!(
            merged(Some(&of(&[("cpu", "1")], &[])), fallback()),
            of(&[("cpu", "1"), ("memory", "64Mi")], &[("memory", "512Mi")])
        );
    }

    #[test]
    fn a_lower_limit_is_not_refused_for_the_operators_higher_request() {
        assert_eq!(
            merged(Some(&of(&[], &[("memory", "16Mi")])), fallback()),
            of(&[("cpu", "20m")], &[("memory", "16Mi")])
        );
    }
}
