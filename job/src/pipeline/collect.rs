//! Fetch and extract: pages, further pages, detail pages. IO through [`Fetcher`] and [`Worker`].

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use sms_crds::{
    report::{RunReport, Step},
    v1alpha1::PagesSpec,
};
use tracing::debug;

use super::progress::{Failure, count_error};
use crate::{
    document::Document,
    environment::{Environment, LoadedSource},
    extract::{
        bounded::is_plain,
        session::{Extraction, PageSummary},
    },
    fetch::{FetchError, FetchSettings, Fetched, Fetcher, Page, Validators, paging},
    store::StoredValidators,
    worker::{Worker, here},
};

/// Most pages of a run where the manifest is silent.
const DEFAULT_MAX_PAGES: i32 = 10;

/// What the pages gave.
pub enum Collected {
    /// The source has nothing new since `validators` were stored.
    Unchanged {
        /// What the server said now.
        validators: Option<StoredValidators>,
    },
    /// The pages were read.
    Read {
        /// Items, events and rejections.
        extraction: Extraction,
        /// For the next conditional request; `None` where several pages make it meaningless.
        validators: Option<StoredValidators>,
    },
}

/// What is fixed for a run.
pub struct CollectOptions<'a> {
    /// Validators of the last accepted run, if they may be used.
    pub known: Option<&'a StoredValidators>,
    /// The time that dates are read with.
    pub now: Timestamp,
    /// Keep raw items for `preview`.
    pub trace: bool,
    /// When the run has to be over.
    pub deadline: std::time::Instant,
}

/// Fetches and reads every page of a source. Counts pages, and errors that do not end the run, in `report`.
pub async fn collect(
    loaded: &LoadedSource,
    environment: &Environment,
    options: &CollectOptions<'_>,
    report: &mut RunReport,
) -> Result<Collected, Failure> {
    let source = &loaded.source;
    report.step = Some(Step::Fetch);
    let fetcher = fetcher(loaded, environment, options)?;
    let known = options
        .known
        .filter(|_| source.spec.fetch.pages.is_none())
        .map(|known| Validators {
            etag: known.etag.clone(),
            last_modified: known.last_modified.clone(),
            body_hash: known.body_hash.clone(),
        });
    let reads_here = environment.reads_here && !options.trace && is_plain(source);
    // Without validators the page will have to be read: the worker starts while it is under way.
    let (answer, early) = tokio::join!(fetcher.first(known.as_ref()), async {
        match known.is_none() && !reads_here {
            true => Some(Worker::start(&environment.worker, source, options.now, options.trace).await),
            false => None,
        }
    });
    let mut first = match answer? {
        Fetched::NotModified => {
            report.http_status = Some(304);
            report.pages = 1;
            return Ok(Collected::Unchanged { validators: None });
        }
        Fetched::Page(page) => page,
    };
    report.pages = 1;
    report.http_status = Some(i32::from(first.status));
    let validators = source.spec.fetch.pages.is_none().then(|| StoredValidators {
        etag: first.validators.etag.clone(),
        last_modified: first.validators.last_modified.clone(),
        body_hash: Some(first.body_hash.clone()),
        full_fetch_at: Some(options.now),
    });
    if known.is_some_and(|known| known.body_hash.as_ref() == Some(&first.body_hash)) {
        return Ok(Collected::Unchanged { validators: None });
    }

    report.step = Some(Step::Extract);
    let mut bytes = first.document.body.len();
    let head = first.document.clone_head();
    let document = Arc::new(std::mem::replace(&mut first.document, head));
    if reads_here && let Some(extraction) = here::read(source, options.now, &document).await {
        return Ok(Collected::Read {
            extraction,
            validators,
        });
    }
    let mut worker = match early {
        Some(worker) => worker?,
        None => Worker::start(&environment.worker, source, options.now, options.trace).await?,
    };
    let summary = worker.page(Arc::unwrap_or_clone(document)).await?;
    debug!(
        api = source.api_name(),
        url = first.document.url,
        items = summary.items,
        "Read page"
    );
    if let Some(pages) = &source.spec.fetch.pages {
        bytes += further_pages(pages, &fetcher, &mut worker, first, summary, report).await?;
    }
    bytes += details(&fetcher, &mut worker, report).await?;
    let extraction = worker.finish(bytes).await?;
    Ok(Collected::Read {
        extraction,
        validators,
    })
}

fn fetcher(
    loaded: &LoadedSource,
    environment: &Environment,
    options: &CollectOptions<'_>,
) -> Result<Fetcher, FetchError> {
    let spec = &loaded.source.spec;
    let settings = FetchSettings {
        allow_private_addresses: environment.allow_private_addresses,
        ca_file: environment.ca_file.clone(),
        proxy: environment.proxy.clone(),
        allow_files: loaded.folder.is_some(),
        manifest_dir: loaded.folder.clone(),
    };
    let (secrets, now) = (&environment.secrets, options.now);
    let fetcher = Fetcher::new(&spec.fetch, &settings, secrets, now, &spec.time_zone)?;
    Ok(fetcher.with_deadline(options.deadline))
}

/// Reads the pages after the first; returns their bytes. A page that fails makes the run partial, it does not end it:
/// what the pages before it gave is worth storing.
async fn further_pages(
    pages: &PagesSpec,
    fetcher: &Fetcher,
    worker: &mut Worker,
    first: Page,
    mut summary: PageSummary,
    report: &mut RunReport,
) -> Result<usize, Failure> {
    let most = pages.max.unwrap_or(DEFAULT_MAX_PAGES);
    let counted = pages.parameter.is_some() || pages.template.is_some();
    let mut seen = BTreeSet::from([first.document.url.clone()]);
    let mut current = first.document.url;
    let mut bytes = 0;
    let mut number: u32 = 2;
    while summary.items > 0 {
        let Some(next) = paging::next_address(pages, number, &current, summary.next.as_deref()) else {
            break;
        };
        if !seen.insert(next.clone()) {
            break;
        }
        if i64::from(number) > i64::from(most) {
            report.partial = true;
            break;
        }
        match fetcher.page(&next).await {
            Ok(Fetched::NotModified) => break,
            Ok(Fetched::Page(page)) => {
                report.pages += 1;
                bytes += page.document.body.len();
                match worker.page(page.document).await {
                    Ok(read) => summary = read,
                    Err(error) if error.leaves_worker_alive() => {
                        count_error(report, &Failure::from(error));
                        report.partial = true;
                        break;
                    }
                    Err(error) => return Err(error.into()),
                }
                current = next;
            }
            // A counter runs past the end of the list; a link does not.
            Err(error) if counted && error.status() == Some(404) => break,
            Err(error) => {
                count_error(report, &Failure::from(error));
                report.partial = true;
                break;
            }
        }
        number += 1;
    }
    Ok(bytes)
}

/// Reads the detail pages; returns their bytes. One that fails leaves its event without details, and the run partial.
async fn details(fetcher: &Fetcher, worker: &mut Worker, report: &mut RunReport) -> Result<usize, Failure> {
    let mut bytes = 0;
    for request in worker.details().await? {
        let page = match fetcher.detail(&request.url).await {
            Ok(Fetched::Page(page)) => page,
            Ok(Fetched::NotModified) => continue,
            Err(error) => {
                count_error(report, &Failure::from(error));
                report.partial = true;
                continue;
            }
        };
        report.pages += 1;
        bytes += page.document.body.len();
        match worker.detail(request.entry, page.document).await {
            Ok(()) => {}
            Err(error) if error.leaves_worker_alive() => {
                count_error(report, &Failure::from(error));
                report.partial = true;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(bytes)
}

/// Reads a document as if it were the source's page, and `details` as its detail pages, for `preview --fixture`.
pub async fn collect_fixture(
    loaded: &LoadedSource,
    environment: &Environment,
    options: &CollectOptions<'_>,
    document: &Document,
    details: &BTreeMap<String, Document>,
    report: &mut RunReport,
) -> Result<Extraction, Failure> {
    let mut worker = Worker::start(&environment.worker, &loaded.source, options.now, options.trace).await?;
    worker.page(document.clone()).await?;
    for request in worker.details().await? {
        match details.get(&request.url) {
            Some(detail) => worker.detail(request.entry, detail.clone()).await?,
            None if details.is_empty() => {}
            None => report.warnings.push(format!("no --detail for {}", request.url)),
        }
    }
    worker.finish(document.body.len()).await.map_err(Failure::from)
}
