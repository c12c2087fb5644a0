//! Which source an API name belongs to. Pure.
//!
//! Two sources may claim one API name: the older one keeps the metrics, of two of one age the one with the lower UID.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use sms_crds::{ScrapeSource, SourceKey};

/// What decides between two sources; the least wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    created: Timestamp,
    uid: Box<str>,
    key: Arc<SourceKey>,
}

/// The claims of all sources.
#[derive(Clone, Debug, Default)]
pub struct ApiNames {
    /// The claims to each name, the least first: hardly ever more than one.
    by_name: HashMap<Arc<str>, Vec<Claim>>,
    by_source: HashMap<Arc<SourceKey>, Arc<str>>,
}

impl ApiNames {
    /// The claims of `sources`.
    pub fn of<'s>(sources: impl IntoIterator<Item = &'s ScrapeSource>) -> Self {
        let mut names = Self::default();
        for source in sources {
            names.claim(source);
        }
        names
    }

    /// The source that `api_name` belongs to.
    pub fn owner(&self, api_name: &str) -> Option<&SourceKey> {
        self.by_name.get(api_name)?.first().map(|claim| &*claim.key)
    }

    /// The API name that `key` claims.
    pub fn api_name(&self, key: &SourceKey) -> Option<&str> {
        self.by_source.get(key).map(|name| &**name)
    }

    /// Every source that claims a name.
    pub fn sources(&self) -> Vec<SourceKey> {
        self.by_source.keys().map(|key| SourceKey::clone(key)).collect()
    }

    /// Every API name with the source that it belongs to.
    pub fn owners(&self) -> HashMap<String, SourceKey> {
        let owner = |(name, claims): (&Arc<str>, &Vec<Claim>)| {
            Some((name.to_string(), SourceKey::clone(&claims.first()?.key)))
        };
        self.by_name.iter().filter_map(owner).collect()
    }

    /// Whether the API name of `source` belongs to it.
    pub fn is_owner(&self, source: &ScrapeSource) -> bool {
        self.owner(&source.api_name()) == Some(&source.key())
    }

    /// Notes what `source` claims. Gives the other sources for which the answer may have changed.
    pub fn claim(&mut self, source: &ScrapeSource) -> Vec<SourceKey> {
        let name = source.api_name();
        let claim = Claim {
            created: source
                .metadata
                .creation_timestamp
                .as_ref()
                .map_or(Timestamp::MIN, |time| time.0),
            uid: source.metadata.uid.clone().unwrap_or_default().into(),
            key: Arc::new(source.key()),
        };
        let known = self.by_source.get(&claim.key).filter(|known| ***known == *name);
        let is_known = known
            .and_then(|name| self.by_name.get(name))
            .is_some_and(|claims| claims.contains(&claim));
        if is_known {
            return Vec::new();
        }
        let mut affected = self.release(&claim.key);
        let key = Arc::clone(&claim.key);
        let shared: Arc<str> = match self.by_name.get_key_value(&*name) {
            Some((shared, _)) => Arc::clone(shared),
            None => name.into(),
        };
        let claims = self
            .by_name
            .entry(Arc::clone(&shared))
            .or_insert_with(|| Vec::with_capacity(1));
        let before = claims.first().map(|claim| SourceKey::clone(&claim.key));
        let place = claims.partition_point(|other| *other < claim);
        claims.insert(place, claim);
        if place == 0 {
            affected.extend(before);
        }
        self.by_source.insert(key, shared);
        affected
    }

    /// Forgets a source. Gives the source, if any, that has the API name from now on.
    pub fn release(&mut self, key: &SourceKey) -> Vec<SourceKey> {
        let Some(name) = self.by_source.remove(key) else {
            return Vec::new();
        };
        let Some(claims) = self.by_name.get_mut(&name) else {
            return Vec::new();
        };
        let Some(place) = claims.iter().position(|claim| *claim.key == *key) else {
            return Vec::new();
        };
        claims.remove(place);
        match claims.first() {
            Some(next) if place == 0 => vec![SourceKey::clone(&next.key)],
            Some(_) => Vec::new(),
            None => {
                self.by_name.remove(&name);
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use serde_json::json;

    use super::*;

    fn source(name: &str, api_name: &str, second: i64) -> ScrapeSource {
        let mut source: ScrapeSource = serde_json::from_value(json!({
            "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource",
            "metadata": {"name": name, "namespace": "a", "uid": format!("uid-{name}")},
            "spec": {"apiName": api_name, "fetch": {"url": "https://example.org/"}, "extract": {"jsonLd": {}}}
        }))
        .unwrap();
        source.metadata.creation_timestamp = Some(Time(Timestamp::from_second(second).unwrap()));
        source
    }

    fn key(name: &str) -> SourceKey {
        SourceKey {
            namespace: "a".to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn the_older_source_keeps_the_name_whatever_the_order_of_arrival() {
        let (old, new) = (source("old", "x", 1), source("new", "x", 2));
        for order in [[&old, &new], [&new, &old]] {
            let names = ApiNames::of(order);
            assert_eq!(names.owner("x"), Some(&key("old")));
            assert!(names.is_owner(&old) && !names.is_owner(&new));
        }
    }

    #[test]
    fn of_two_sources_of_one_age_the_lower_uid_wins() {
        assert_eq!(
            ApiNames::of([&source("b", "x", 1), &source("a", "x", 1)]).owner("x"),
            Some(&key("a"))
        );
    }

    #[test]
    fn whoever_gains_or_loses_the_name_is_told() {
        let mut names = ApiNames::default();
        assert_eq!(names.claim(&source("new", "x", 2)), vec![]);
        assert_eq!(names.claim(&source("old", "x", 1)), vec![key("new")]);
        assert_eq!(names.claim(&source("old", "x", 1)), vec![], "nothing changed");
        assert_eq!(names.claim(&source("newest", "x", 3)), vec![]);
        assert_eq!(names.release(&key("newest")), vec![]);
        assert_eq!(names.release(&key("old")), vec![key("new")]);
        assert_eq!(names.release(&key("new")), vec![]);
        assert_eq!(names.owner("x"), None);
    }

    #[test]
    fn a_source_created_again_under_another_api_name_gives_up_the_old_one() {
        let mut names = ApiNames::of([&source("old", "x", 1), &source("new", "x", 2)]);
        assert_eq!(names.claim(&source("old", "y", 9)), vec![key("new")]);
        assert_eq!(names.owner("x"), Some(&key("new")));
        assert_eq!(names.owner("y"), Some(&key("old")));
    }
}
