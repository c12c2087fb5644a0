//! Obeys `robots.txt`, which is read once for each origin. IO.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use sms_crds::v1alpha1::{HttpMethod, RobotsRule};
use tokio::sync::OnceCell;
use url::Url;

use super::{
    super::{
        error::FetchError,
        redirect::RedirectProblem,
        robots::{Access, Rules, access},
    },
    Purpose, Session,
};

type Cell = Arc<OnceCell<Result<Arc<Rules>, FetchError>>>;

/// Rules of the origins met so far.
pub struct Robots {
    rule: RobotsRule,
    origins: Mutex<HashMap<String, Cell>>,
}

impl Robots {
    /// No rules known yet.
    pub fn new(rule: RobotsRule) -> Self {
        Self {
            rule,
            origins: Mutex::default(),
        }
    }

    fn cell(&self, url: &Url) -> Cell {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(origins.entry(url.origin().ascii_serialization()).or_default())
    }
}

impl Session {
    /// Whether `robots.txt` allows `url`; gives its `Crawl-delay`.
    pub(super) async fn obey_robots(&self, url: &Url) -> Result<Option<Duration>, FetchError> {
        if self.robots.rule == RobotsRule::Ignore {
            return Ok(None);
        }
        let cell = self.robots.cell(url);
        let rules = cell.get_or_init(|| self.fetch_robots(url)).await.clone()?;
        if rules.allows(url) {
            return Ok(rules.delay());
        }
        Err(FetchError::RobotsDisallowed {
            url: self.shown(url),
            robots_url: robots_url(url).to_string(),
        })
    }

    /// Boxed, since a visit asks for robots.txt, which is a visit.
    fn fetch_robots<'a>(&'a self, page: &'a Url) -> BoxFuture<'a, Result<Arc<Rules>, FetchError>> {
        Box::pin(async move {
            let url = robots_url(page);
            let visit = match self.visit(HttpMethod::Get, url.clone(), Purpose::Robots).await {
                Ok(visit) => visit,
                // More than five redirects: as if there were no file (RFC 9309, 2.3.1.2).
                Err(FetchError::RedirectRefused {
                    problem: RedirectProblem::TooMany | RedirectProblem::Loop,
                    ..
                }) => return Ok(Arc::new(Rules::unrestricted())),
                Err(error) => return Err(FetchError::Robots(Box::new(error))),
            };
            let rules = match access(visit.answer.status) {
                Access::Unrestricted => Arc::new(Rules::unrestricted()),
                Access::Rules => Arc::new(Rules::parse(&visit.answer.body)),
                Access::Nothing => {
                    let (robots_url, status) = (url.to_string(), visit.answer.status);
                    return Err(FetchError::RobotsUnreachable { robots_url, status });
                }
            };
            if visit.url.path() == "/robots.txt" && visit.url.origin() != url.origin() {
                // http://a redirects to https://a: both have the same file, fetched once.
                let _ = self.robots.cell(&visit.url).set(Ok(Arc::clone(&rules)));
            }
            Ok(rules)
        })
    }
}

fn robots_url(page: &Url) -> Url {
    let mut url = page.clone();
    url.set_path("/robots.txt");
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn robots_txt_is_at_the_root_of_the_origin() {
        let url = Url::parse("https://a.example:8443/x/y?z=1#f").unwrap();
        assert_eq!(robots_url(&url).as_str(), "https://a.example:8443/robots.txt");
    }
}
