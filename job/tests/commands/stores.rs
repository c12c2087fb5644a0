//! Addresses of stores that no command can use.

use crate::{
    file_source,
    scraper::{Scraper, ended},
};

#[tokio::test]
async fn a_store_that_no_retry_mends_ends_with_exit_code_2() {
    let scraper = Scraper::new();
    file_source(&scraper, 1);
    let damaged = scraper.write("damaged.sqlite", &"this is no database ".repeat(100));
    let damaged = format!("sqlite://{}", damaged.display());
    let folder = format!("sqlite://{}", scraper.path("sources").display());
    for command in ["ingester", "events", "migrate"] {
        for (store, expected) in [
            (&damaged, "is damaged or no SQLite database"),
            (&folder, "names a folder"),
        ] {
            let run = scraper.run(&[command, "--store", store]).await;
            assert_eq!(run.code, 2, "{command} {store}: {}", run.stderr);
            assert!(run.stderr.contains(expected), "{command} {store}: {}", run.stderr);
        }
    }
}

#[tokio::test]
async fn without_a_home_the_store_has_to_be_named() {
    let scraper = Scraper::new();
    file_source(&scraper, 1);
    for home in ["", "relative"] {
        for command in ["ingester", "events", "migrate"] {
            let mut child = scraper.command(&[command]);
            let output = child
                .env_remove("SMS_STORE_URL")
                .env("HOME", home)
                .output()
                .await
                .unwrap();
            let run = ended(output);
            assert_eq!(run.code, 2, "{command}: {}", run.stderr);
            assert!(
                run.stderr.contains("name a store with --store"),
                "{command}: {}",
                run.stderr
            );
        }
    }
    assert!(!scraper.path("sms_scraper").exists() && !scraper.path("relative").exists());
}
