//! Requests of one run over HTTP: guard, robots.txt, pauses, retries, redirects. IO.
//!
//! ```text
//! visit: for each hop   guard ─▶ robots.txt ─▶ tries: turn of the host ─▶ exchange ─▶ redirect? next hop
//! ```

mod obey;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use backon::ExponentialBackoff;
use jiff::Timestamp;
use reqwest::header::{DATE, LOCATION, RETRY_AFTER};
use sms_crds::v1alpha1::{HttpMethod, RobotsRule};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use self::obey::Robots;
use super::{
    Validators,
    body::Overflow,
    error::{FetchError, remedy},
    excerpt::excerpt,
    exchange::{Answer, Outgoing, Transport},
    guard::Guard,
    limits::Limits,
    pace::Pace,
    redirect::{Hop, RedirectProblem, is_redirect, next_hop},
    request::RequestPlan,
    retry::{
        RETRY_AFTER_BUDGET, RUN_RETRY_AFTER_BUDGET, backoff, http_date, is_retried_error, is_retried_status,
        retry_after,
    },
    robots::SIZE_LIMIT,
};

/// What a request is for.
#[derive(Clone, Copy)]
pub enum Purpose<'a> {
    /// A page of the source; conditional if there are validators.
    Page(Option<&'a Validators>),
    /// `robots.txt`: no secrets, no pauses, no rules of its own.
    Robots,
}

/// An answer and where it came from.
pub struct Visit {
    /// Address after redirects, as it was sent.
    pub url: Url,
    /// The answer, whatever its status.
    pub answer: Answer,
}

/// What is left for one request, all its tries and redirects together.
struct Allowance {
    time: Duration,
    retry_after: Duration,
    waits: ExponentialBackoff,
}

/// Requests of one run.
pub struct Session {
    /// What is sent.
    pub plan: RequestPlan,
    /// Limits of each request.
    pub limits: Limits,
    guard: Guard,
    transport: Transport,
    robots: Robots,
    pace: Pace,
    /// `Retry-After` waits that the run may still make.
    retry_after_left: Mutex<Duration>,
    /// `now` of the run and when that was.
    clock: (Timestamp, Instant),
    /// End of the run.
    deadline: Option<Instant>,
}

impl Session {
    /// A session whose clock shows `now`.
    pub fn new(
        plan: RequestPlan,
        limits: Limits,
        guard: Guard,
        transport: Transport,
        robots_rule: RobotsRule,
        now: Timestamp,
    ) -> Self {
        Self {
            plan,
            limits,
            guard,
            transport,
            robots: Robots::new(robots_rule),
            pace: Pace::default(),
            retry_after_left: Mutex::new(RUN_RETRY_AFTER_BUDGET),
            clock: (now, Instant::now()),
            deadline: None,
        }
    }

    /// Ends every request at `deadline`.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// Asks for `url`, follows redirects, tries again what may go away. Any status is an answer.
    pub async fn visit(
        &self,
        method: HttpMethod,
        url: Url,
        purpose: Purpose<'_>,
    ) -> Result<Visit, FetchError> {
        let mut allowance = Allowance {
            time: self.limits.timeout,
            retry_after: RETRY_AFTER_BUDGET,
            waits: backoff(self.limits.attempts),
        };
        let mut trail = vec![Hop { method, url }];
        loop {
            let Some(hop) = trail.last() else {
                return Err(FetchError::Internal("no request".to_owned()));
            };
            let shown = self.shown(&hop.url);
            let forbidden = |refusal| FetchError::AddressForbidden {
                url: shown.clone(),
                refusal,
            };
            self.guard.check_url(&hop.url).map_err(forbidden)?;
            self.transport.check(&hop.url).await.map_err(forbidden)?;
            let pause = match purpose {
                Purpose::Page(_) => self.obey_robots(&hop.url).await?,
                Purpose::Robots => None,
            };
            let answer = self.persist(hop, purpose, pause, &mut allowance).await?;
            let location = answer.header(&LOCATION).filter(|_| is_redirect(answer.status));
            let Some(location) = location else {
                return Ok(Visit {
                    url: hop.url.clone(),
                    answer,
                });
            };
            let refused = |problem| FetchError::RedirectRefused {
                url: shown.clone(),
                target: self.shown_location(&hop.url, &location),
                problem,
            };
            let next = next_hop(&trail, answer.status, &location).map_err(refused)?;
            if !self.plan.is_home(&next.url) && self.plan.redactor.is_carried_by(&next.url) {
                return Err(refused(RedirectProblem::Secret));
            }
            trail.push(next);
        }
    }

    /// The error that an answer with an error status is.
    pub fn status_error(&self, visit: &Visit) -> FetchError {
        let status = visit.answer.status;
        let url = self.shown(&visit.url);
        let wait = self.asked_wait(&visit.answer);
        if status == 429 || (status == 503 && wait.is_some()) {
            let retry_at = wait.and_then(|wait| self.now().checked_add(wait).ok());
            return FetchError::RateLimited {
                url,
                status,
                retry_at,
            };
        }
        let is_elsewhere = self.plan.has_secrets() && !self.plan.is_home(&visit.url);
        let remedy = if matches!(status, 401 | 403) && is_elsewhere {
            " (refused); secrets go to the scheme, host and port of spec.fetch.url alone, so write this address there"
        } else {
            remedy(status)
        };
        // Masked before it is cut, or half a secret would be left at its end.
        let excerpt = excerpt(&self.plan.redactor.page(visit.answer.body.clone()));
        let excerpt = self.plan.redactor.text(&excerpt);
        FetchError::Status {
            url,
            status,
            remedy,
            excerpt,
        }
    }

    /// `url` for messages.
    pub fn shown(&self, url: &Url) -> String {
        self.plan.redactor.url(url)
    }

    fn shown_location(&self, from: &Url, location: &str) -> String {
        match from.join(location) {
            Ok(url) => self.shown(&url),
            Err(_) => excerpt(self.plan.redactor.text(location).as_bytes()),
        }
    }

    /// One hop, tried until it is answered for good or nothing is left.
    async fn persist(
        &self,
        hop: &Hop,
        purpose: Purpose<'_>,
        pause: Option<Duration>,
        allowance: &mut Allowance,
    ) -> Result<Answer, FetchError> {
        let outgoing = self.outgoing(hop, purpose);
        loop {
            let outcome = self.try_once(&outgoing, purpose, pause, allowance).await;
            let asked = match &outcome {
                Ok(answer) if is_retried_status(answer.status, hop.method) => {
                    if matches!(purpose, Purpose::Robots) && answer.status < 500 {
                        return outcome;
                    }
                    self.asked_wait(answer)
                }
                Err(error) if is_retried_error(error, hop.method) => None,
                _ => return outcome,
            };
            let Some(backoff) = allowance.waits.next() else {
                return outcome;
            };
            let wait = asked.unwrap_or_default().max(backoff);
            if asked.is_some_and(|asked| !self.spend_retry_after(asked, allowance)) {
                return outcome;
            }
            // A server that costs time gets no more of it for waiting; one that answers at once may be waited for.
            if matches!(outcome, Err(FetchError::TimedOut { .. })) {
                allowance.time = allowance.time.saturating_sub(wait);
            }
            let is_late = self
                .deadline
                .is_some_and(|deadline| Instant::now() + wait >= deadline);
            if allowance.time.is_zero() || is_late {
                return outcome;
            }
            let problem = match &outcome {
                Ok(answer) => format!("{} was answered with {}", outgoing.shown, answer.status),
                Err(error) => error.to_string(),
            };
            tracing::warn!(wait_seconds = wait.as_secs_f64(), "{problem}; trying again");
            sleep(wait).await;
        }
    }

    async fn try_once(
        &self,
        outgoing: &Outgoing<'_>,
        purpose: Purpose<'_>,
        pause: Option<Duration>,
        allowance: &mut Allowance,
    ) -> Result<Answer, FetchError> {
        let out_of_time = || FetchError::TimedOut {
            url: outgoing.shown.clone(),
            phase: "the run (--run-timeout, in a cluster spec.job.activeDeadlineSeconds)",
            limit: self
                .deadline
                .map_or(Duration::ZERO, |deadline| deadline - self.clock.1),
            sent: false,
        };
        let work = async {
            // robots.txt is not counted as a request, so that the first page need not wait for it.
            let turn = match purpose {
                Purpose::Page(_) => {
                    let host = outgoing.url.host_str().unwrap_or_default();
                    let pause = pause.unwrap_or_default().max(self.limits.delay);
                    Some(self.pace.turn(host, pause).await)
                }
                Purpose::Robots => None,
            };
            let started = Instant::now();
            let outcome = self.transport.exchange(outgoing, allowance.time).await;
            allowance.time = allowance.time.saturating_sub(started.elapsed());
            drop(turn);
            outcome
        };
        match self.deadline {
            None => work.await,
            Some(deadline) => timeout_at(deadline, work)
                .await
                .unwrap_or_else(|_| Err(out_of_time())),
        }
    }

    fn outgoing(&self, hop: &Hop, purpose: Purpose<'_>) -> Outgoing<'_> {
        let plan = &self.plan;
        let common = (hop.method, self.shown(&hop.url));
        match purpose {
            Purpose::Robots => Outgoing {
                method: common.0,
                url: hop.url.clone(),
                shown: common.1,
                headers: plan.robots_headers(),
                basic: None,
                body: None,
                limit: (SIZE_LIMIT, Overflow::Truncate),
            },
            Purpose::Page(validators) => Outgoing {
                method: common.0,
                url: plan.address(&hop.url),
                shown: common.1,
                headers: plan.headers(&hop.url, hop.method, validators),
                basic: plan.basic(&hop.url),
                body: plan.body.as_deref(),
                limit: (self.limits.max_body_bytes, Overflow::Refuse),
            },
        }
    }

    /// Time now, by the clock of the run.
    fn now(&self) -> Timestamp {
        self.clock
            .0
            .checked_add(self.clock.1.elapsed())
            .unwrap_or(self.clock.0)
    }

    /// The wait that an answer asks for; by the server's own clock where it tells it.
    fn asked_wait(&self, answer: &Answer) -> Option<Duration> {
        let now = answer
            .header(&DATE)
            .and_then(|date| http_date(&date))
            .unwrap_or_else(|| self.now());
        retry_after(&answer.header(&RETRY_AFTER)?, now)
    }

    /// Takes `wait` from what the request and the run may wait; `false` if one of them has not that much left.
    fn spend_retry_after(&self, wait: Duration, allowance: &mut Allowance) -> bool {
        let mut run = self
            .retry_after_left
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match (allowance.retry_after.checked_sub(wait), run.checked_sub(wait)) {
            (Some(request_left), Some(run_left)) => {
                allowance.retry_after = request_left;
                *run = run_left;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
