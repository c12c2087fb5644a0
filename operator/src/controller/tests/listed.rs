//! What a list of sources asks passes for, and when.

use futures_util::FutureExt;
use kube::runtime::reflector::ObjectRef;

use super::*;

const SOURCES: &str = "/apis/sms-scraper.dev/v1alpha1/scrapesources";

/// A page of a list of sources with these names.
fn page(names: impl IntoIterator<Item = String>, more: &str) -> Value {
    let items: Vec<Value> = names
        .into_iter()
        .map(|name| {
            let mut source = serde_json::to_value(source()).unwrap();
            source["metadata"]["name"] = name.into();
            source
        })
        .collect();
    json!({
        "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSourceList",
        "metadata": { "resourceVersion": "7", "continue": more }, "items": items,
    })
}

/// The keys of a list in two pages, of `half` sources each, as they come.
async fn listed(half: usize) -> Vec<String> {
    let (context, mut server) = set_up();
    let context = Arc::new(context);
    let writer = context.caches.take_writer().unwrap();
    let mut shown = Box::pin(watch::sources(&context, None, writer, |_, _| {}));
    let names = |page: usize| (page * half..(page + 1) * half).map(|number| format!("source-{number:03}"));
    tokio::select! {
        key = shown.next() => panic!("{key:?} is asked for, and the store does not hold it"),
        () = async {
            server.expect("GET", SOURCES, 200, |_| page(names(0), "more")).await;
            // The second page is asked for when the first one has been taken in.
            server.expect("GET", SOURCES, 200, |_| page(names(1), "")).await;
        } => {}
    }
    let mut keys = Vec::new();
    for _ in 0..2 * half {
        let key = tokio::time::timeout(PATIENCE, shown.next())
            .await
            .unwrap()
            .unwrap();
        let object = ObjectRef::new(&key.name).within(&key.namespace);
        assert!(
            context.caches.sources().get(&object).is_some(),
            "{key} is not stored"
        );
        keys.push(key.name);
    }
    assert!(shown.next().now_or_never().is_none(), "one key too many");
    keys
}

#[tokio::test]
async fn a_list_asks_for_passes_when_all_of_it_is_stored() {
    let mut keys = listed(2).await;
    keys.sort();
    assert_eq!(keys, ["source-000", "source-001", "source-002", "source-003"]);
}

#[tokio::test]
async fn the_order_of_passes_differs_from_life_to_life() {
    assert_ne!(listed(50).await, listed(50).await);
}
