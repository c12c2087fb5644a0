//! What a watch may show, in what order, and what becomes of it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use sms_crds::labels;

use super::*;
use crate::settings;

fn config() -> Config {
    let job = settings::parse("image: job", "settings.yaml").unwrap();
    Config::new(job, None, "sms-".to_owned(), "test".to_owned()).unwrap()
}

fn metadata(uid: &str, generation: i64) -> ObjectMeta {
    ObjectMeta {
        name: Some("blue-moon".to_owned()),
        namespace: Some("music".to_owned()),
        uid: Some(uid.to_owned()),
        generation: Some(generation),
        labels: Some([(labels::SOURCE.to_owned(), "blue-moon".to_owned())].into()),
        annotations: Some([(SPEC_HASH.to_owned(), "h".to_owned())].into()),
        owner_references: Some(vec![OwnerReference {
            kind: "ScrapeSource".to_owned(),
            name: "blue-moon".to_owned(),
            uid: "source".to_owned(),
            controller: Some(true),
            ..OwnerReference::default()
        }]),
        ..ObjectMeta::default()
    }
}

fn object(uid: &str, generation: i64) -> PartialObjectMeta<CronJob> {
    PartialObjectMeta {
        metadata: metadata(uid, generation),
        ..PartialObjectMeta::default()
    }
}

fn key() -> SourceKey {
    SourceKey {
        namespace: "music".to_owned(),
        name: "blue-moon".to_owned(),
    }
}

#[test]
fn an_echo_is_no_news_and_neither_is_something_older_than_our_own_write() {
    let (config, mut cache) = (config(), CronJobs::default());
    assert_eq!(cache.set(&metadata("a", 2), &config), Some(key()));
    assert_eq!(cache.set(&metadata("a", 2), &config), None);
    assert_eq!(cache.set(&metadata("a", 1), &config), None);
    assert_eq!(cache.get("music", "blue-moon").unwrap().generation, 2);
}

#[test]
fn a_change_of_the_label_that_names_the_source_is_news_for_the_owner() {
    let config = config();
    for label in [None, Some("another")] {
        let mut cache = CronJobs::default();
        cache.set(&metadata("a", 1), &config);
        let mut changed = metadata("a", 1);
        let label = label.map(|name| (labels::SOURCE.to_owned(), name.to_owned()));
        changed.labels = Some(label.into_iter().collect());
        assert_eq!(cache.set(&changed, &config), Some(key()));
    }
}

#[test]
fn a_status_or_a_foreign_label_is_no_news_and_one_of_ours_is() {
    let (config, mut cache) = (config(), CronJobs::default());
    cache.set(&metadata("a", 1), &config);
    let mut labelled = metadata("a", 1);
    labelled.resource_version = Some("99".to_owned());
    labelled
        .labels
        .get_or_insert_default()
        .insert("foreign".to_owned(), "x".to_owned());
    assert_eq!(cache.set(&labelled, &config), None);
    labelled
        .labels
        .get_or_insert_default()
        .insert(labels::MANAGED_BY.to_owned(), "x".to_owned());
    assert_eq!(cache.set(&labelled, &config), Some(key()));
}

#[test]
fn the_end_of_an_object_says_nothing_about_the_next_of_its_name() {
    let (config, mut cache) = (config(), CronJobs::default());
    cache.set(&metadata("old", 7), &config);
    assert_eq!(cache.set(&metadata("new", 1), &config), Some(key()));
    assert_eq!(cache.remove(&metadata("old", 7)), None);
    assert_eq!(&*cache.get("music", "blue-moon").unwrap().uid, "new");
    assert_eq!(cache.remove(&metadata("new", 1)), Some(key()));
    assert_eq!(cache.get("music", "blue-moon"), None);
}

#[test]
fn a_new_list_tells_what_came_changed_and_went_and_nothing_else() {
    let (config, mut cache) = (config(), CronJobs::default());
    let list = |cache: &mut CronJobs, objects: &[PartialObjectMeta<CronJob>]| {
        cache.begin();
        for object in objects {
            cache.list(object, &config);
        }
        cache.complete()
    };
    assert_eq!(list(&mut cache, &[object("a", 1)]), vec![key()]);
    assert_eq!(list(&mut cache, &[object("a", 1)]), vec![]);
    assert_eq!(list(&mut cache, &[object("a", 2)]), vec![key()]);
    assert_eq!(list(&mut cache, &[]), vec![key()]);
    assert_eq!(list(&mut cache, &[]), vec![]);
}

fn version(mut metadata: ObjectMeta, version: &str) -> ObjectMeta {
    metadata.resource_version = Some(version.to_owned());
    metadata
}

#[test]
fn a_label_that_is_taken_away_again_and_again_is_news_each_time() {
    let (config, mut cache) = (config(), CronJobs::default());
    cache.set(&version(metadata("a", 1), "10"), &config);
    for round in [20, 30] {
        // Without the label the object leaves the watch, and with our answer it comes back.
        let left = version(metadata("a", 1), &round.to_string());
        assert_eq!(cache.remove(&left), Some(key()), "{round}");
        let answer = version(metadata("a", 1), &(round + 1).to_string());
        cache.set_own(&answer, &config);
        assert!(cache.get("music", "blue-moon").is_some(), "{round}");
        assert_eq!(cache.set(&answer, &config), None, "an echo");
    }
}

#[test]
fn an_answer_that_comes_after_the_end_of_its_object_is_not_kept() {
    let (config, mut cache) = (config(), CronJobs::default());
    cache.set(&version(metadata("a", 1), "10"), &config);
    cache.remove(&version(metadata("a", 2), "12"));
    cache.set_own(&version(metadata("a", 2), "11"), &config);
    assert_eq!(cache.get("music", "blue-moon"), None);
}
