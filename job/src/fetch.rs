//! Gets pages: HTTP(S) and files. IO; the policies are pure and have files of their own.
//!
//! ```text
//! FetchSpec ──request──▶ plan ──session──▶ guard, robots, pace, retry, redirect ──exchange──▶ Page
//!                                                                               └─ body: decompressed, counted
//! ```

pub(crate) mod address;
mod body;
mod client;
mod connecting;
pub mod error;
mod excerpt;
mod exchange;
mod failure;
mod file;
pub mod guard;
mod limits;
mod pace;
pub mod paging;
pub mod placeholder;
pub(crate) mod redact;
pub mod redirect;
mod request;
mod resolver;
pub mod retry;
pub mod robots;
mod session;

use std::path::PathBuf;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, ETAG, LAST_MODIFIED};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sms_crds::{
    source::hex,
    v1alpha1::{FetchSpec, HttpMethod},
};
use url::Url;

pub use self::error::FetchError;
pub use self::file::content_type;
use self::{
    exchange::Transport,
    guard::Guard,
    limits::Limits,
    request::RequestPlan,
    resolver::CheckedResolver,
    session::{Purpose, Session, Visit},
};
use crate::{document::Document, secrets::Secrets};

/// A longer validator is not kept: it would be sent with every request.
const VALIDATOR_LENGTH: usize = 1024;

/// What whoever runs this process sets, as opposed to whoever writes a source.
#[derive(Debug, Clone, Default)]
pub struct FetchSettings {
    /// Private, loopback, link-local and metadata addresses may be reached.
    pub allow_private_addresses: bool,
    /// PEM file of certificate authorities trusted beside the Mozilla roots.
    pub ca_file: Option<PathBuf>,
    /// Proxy that every request goes through.
    pub proxy: Option<Url>,
    /// `file://` works: the manifest is a file on disk.
    pub allow_files: bool,
    /// Folder that relative `file://` addresses are taken from.
    pub manifest_dir: Option<PathBuf>,
}

/// What tells whether a page has changed. Kept from accepted runs, sent with the next.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Validators {
    /// `ETag` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// SHA-256 of the body, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_hash: Option<String>,
}

/// A page and what came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Address after redirects, without secrets, and the body.
    pub document: Document,
    /// Status code; 200 for a file.
    pub status: u16,
    /// What to keep for the next run.
    pub validators: Validators,
    /// SHA-256 of the body, in hexadecimal.
    pub body_hash: String,
}

/// What a request gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The page is as the validators know it (304).
    NotModified,
    /// A page.
    Page(Page),
}

/// Gets the pages of one source in one run.
///
/// One request at a time goes to each host, with a pause between them; `robots.txt` is read once for each origin.
pub struct Fetcher {
    session: Session,
    charset: Option<String>,
    allow_files: bool,
}

impl Fetcher {
    /// A fetcher for `spec`. Reads the secrets it names; connects to nothing yet.
    ///
    /// `now` and `zone` (IANA name) give the placeholders their values.
    pub fn new(
        spec: &FetchSpec,
        settings: &FetchSettings,
        secrets: &Secrets,
        now: Timestamp,
        zone: &str,
    ) -> Result<Self, FetchError> {
        let zone = sms_crds::zone::named(zone).map_err(|_| {
            FetchError::spec(
                "spec.timeZone",
                format!("{zone:?} is no time zone; write for example America/Los_Angeles"),
            )
        })?;
        let text = placeholder::fill(&spec.url, now, &zone);
        let home = if file::is_file_address(&text) {
            let dir = settings.manifest_dir.as_deref();
            if settings.allow_files {
                file::address(&text, dir)?
            } else {
                return Err(files_forbidden(text));
            }
        } else {
            Url::parse(&text).map_err(|error| {
                FetchError::spec(
                    "spec.fetch.url",
                    format!("{error}; write a whole address, https://…"),
                )
            })?
        };
        let limits = Limits::from_spec(spec)?;
        let guard = Guard {
            allow_private_addresses: settings.allow_private_addresses,
        };
        let mut plan = RequestPlan::new(spec, home, secrets, now, &zone)?;
        plan.redactor = plan.redactor.with_proxy(settings.proxy.as_ref());
        let transport = Transport::new(
            CheckedResolver::system(guard),
            limits,
            settings.ca_file.clone(),
            settings.proxy.clone(),
        );
        Ok(Self {
            session: Session::new(plan, limits, guard, transport, spec.robots, now),
            charset: spec.charset.clone(),
            allow_files: settings.allow_files,
        })
    }

    /// Ends every request at `deadline` with [`FetchError::TimedOut`], and starts no wait that would pass it.
    #[must_use]
    pub fn with_deadline(mut self, deadline: std::time::Instant) -> Self {
        self.session.set_deadline(deadline.into());
        self
    }

    /// The first page. A GET is conditional if there are validators.
    pub async fn first(&self, validators: Option<&Validators>) -> Result<Fetched, FetchError> {
        let home = self.session.plan.home.clone();
        if home.scheme() == "file" {
            return self.read_file(home, false).await;
        }
        let validators = validators.filter(|validators| {
            self.session.plan.method == HttpMethod::Get
                && (validators.etag.is_some() || validators.last_modified.is_some())
        });
        let visit = self
            .session
            .visit(self.session.plan.method, home, Purpose::Page(validators))
            .await?;
        if visit.answer.status == 304 && validators.is_some() {
            return Ok(Fetched::NotModified);
        }
        self.page_of(visit)
    }

    /// A further page of the listing, with the method and body of the first.
    pub async fn page(&self, url: &str) -> Result<Fetched, FetchError> {
        self.further(url, self.session.plan.method).await
    }

    /// The page of one event, by GET.
    pub async fn detail(&self, url: &str) -> Result<Fetched, FetchError> {
        self.further(url, HttpMethod::Get).await
    }

    /// `url` comes from a page: it may be anything.
    async fn further(&self, url: &str, method: HttpMethod) -> Result<Fetched, FetchError> {
        let plan = &self.session.plan;
        let mut address = plan.home.join(url).map_err(|error| FetchError::NoAddress {
            address: plan.redactor.text(url).chars().take(200).collect(),
            problem: error.to_string(),
        })?;
        address.set_fragment(None);
        if address.scheme() == "file" {
            return self.read_file(address, true).await;
        }
        if !plan.is_home(&address) && plan.redactor.is_carried_by(&address) {
            return Err(FetchError::NoAddress {
                address: self.session.shown(&address),
                problem: "it holds a secret of this source and is not of the origin of spec.fetch.url"
                    .to_owned(),
            });
        }
        let visit = self.session.visit(method, address, Purpose::Page(None)).await?;
        self.page_of(visit)
    }

    fn page_of(&self, visit: Visit) -> Result<Fetched, FetchError> {
        let status = visit.answer.status;
        if !(200..300).contains(&status) || status == 206 {
            return Err(self.session.status_error(&visit));
        }
        let redactor = &self.session.plan.redactor;
        let kept = |name| {
            visit
                .answer
                .header(name)
                .filter(|value| value.len() <= VALIDATOR_LENGTH && !redactor.is_in(value))
        };
        let (etag, last_modified) = (kept(&ETAG), kept(&LAST_MODIFIED));
        let document = Document {
            url: self.session.plan.public_address(&visit.url).into(),
            content_type: visit.answer.header(&CONTENT_TYPE),
            charset: self.charset.clone(),
            body: redactor.page(visit.answer.body),
        };
        Ok(Fetched::Page(page(document, status, etag, last_modified)))
    }

    async fn read_file(&self, url: Url, is_further: bool) -> Result<Fetched, FetchError> {
        let home = &self.session.plan.home;
        if !self.allow_files {
            return Err(files_forbidden(self.session.shown(&url)));
        }
        if home.scheme() != "file" {
            let problem = "a page from the network may not lead to files of this machine";
            return Err(FetchError::FileForbidden {
                url: self.session.shown(&url),
                problem,
            });
        }
        let folder = file::folder(home).filter(|_| is_further);
        let limits = self.session.limits;
        let path = url.clone();
        let body = tokio::task::spawn_blocking(move || file::read(&path, folder.as_deref(), &limits))
            .await
            .map_err(|error| FetchError::Internal(error.to_string()))??;
        let document = Document {
            content_type: file::content_type(&url).map(str::to_owned),
            charset: self.charset.clone(),
            url: url.into(),
            body,
        };
        Ok(Fetched::Page(page(document, 200, None, None)))
    }
}

fn page(document: Document, status: u16, etag: Option<String>, last_modified: Option<String>) -> Page {
    let body_hash = hex(&Sha256::digest(&document.body));
    let validators = Validators {
        etag,
        last_modified,
        body_hash: Some(body_hash.clone()),
    };
    Page {
        document,
        status,
        validators,
        body_hash,
    }
}

fn files_forbidden(url: String) -> FetchError {
    let problem = "files are read for manifests on disk only; use https:// or http://";
    FetchError::FileForbidden { url, problem }
}
