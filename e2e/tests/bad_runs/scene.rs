//! What each test needs: a namespace, an operator that watches it, a venue; and what must be told of a bad run. IO.

use std::time::Duration;

use serde_json::{Value, json};
use sms_crds::{
    ScrapeSource,
    conditions::LAST_RUN_SUCCEEDED,
    report::{Outcome, Reason},
};
use sms_e2e::{
    Cluster, Namespace, Operator, Source, Venue, crd, eventually,
    operator::{Options, install_rights},
    source::{condition, runs},
    venue::Answer,
};

/// A run takes seconds; a loaded machine may take its time.
pub const A_RUN: Duration = Duration::from_mins(4);

/// The parts of one test.
pub struct Scene {
    pub cluster: Cluster,
    pub namespace: Namespace,
    pub operator: Operator,
    pub venue: Venue,
}

impl Scene {
    /// Operator, namespace and a venue that says `answer`; `None` where there is no node.
    pub async fn set(purpose: &str, answer: Answer) -> Option<Self> {
        Self::with(purpose, answer, |options| options).await
    }

    /// The same with other options of the operator.
    pub async fn with(
        purpose: &str,
        answer: Answer,
        change: impl FnOnce(Options) -> Options,
    ) -> Option<Self> {
        let cluster = Cluster::with_node().await?;
        let address = cluster.venue_address()?;
        crd::install(&cluster).await;
        install_rights(&cluster).await;
        let namespace = Namespace::create(&cluster, purpose).await;
        let options = change(Options::watching(&cluster, &namespace));
        let operator = Operator::start(&cluster, &options).await;
        let venue = Venue::start(&address, answer).await;
        Some(Self {
            cluster,
            namespace,
            operator,
            venue,
        })
    }

    /// A source that reads the venue.
    pub async fn source(&self, name: &str, spec: Value) -> Source {
        Source::create(&self.cluster, &self.namespace, name, &self.venue.url(), &spec).await
    }

    /// A source that was asked for a run.
    pub async fn run(&self, name: &str, spec: Value) -> Source {
        let source = self.source(name, spec).await;
        source.run_now("first").await;
        source
    }

    /// Waits until the first run was counted, and checks all that is told of it.
    pub async fn assert_told(&self, source: &Source, expected: &Expected<'_>) -> ScrapeSource {
        let object = source.until_runs(A_RUN, 1).await;
        expected.assert_status(&object);
        let what = format!("{} is told by an event", expected.reason.as_str());
        eventually(A_RUN, &what, || async {
            let events = source.events().await;
            let is_told = events.iter().any(|event| {
                event.kind == "Warning"
                    && event.reason == expected.reason.as_str()
                    && expected.words.iter().all(|word| event.note.contains(word))
            });
            is_told.then_some(()).ok_or(format!("{events:?}"))
        })
        .await;
        self.assert_exported(source, expected.outcome).await;
        object
    }

    /// One run of this outcome and none of another; the condition is exported as well.
    async fn assert_exported(&self, source: &Source, outcome: Outcome) {
        let api = source.api_name();
        eventually(A_RUN, "the exporter tells of the run", || async {
            let metrics = self.operator.metrics().await;
            let counted: Vec<_> = metrics
                .lines()
                .filter(|line| line.starts_with(&format!("sms_ingest_runs_total{{api=\"{api}\"")))
                .filter(|line| !line.ends_with(" 0"))
                .map(str::to_owned)
                .collect();
            let runs = format!(
                "sms_ingest_runs_total{{api=\"{api}\",outcome=\"{}\"}} 1",
                outcome.as_str()
            );
            let is_false =
                format!("sms_source_condition{{api=\"{api}\",type=\"LastRunSucceeded\",status=\"False\"}} 1");
            match counted == [runs] && metrics.lines().any(|line| line == is_false) {
                true => Ok(()),
                false => Err(metrics),
            }
        })
        .await;
    }

    /// Ends everything.
    pub async fn end(mut self) {
        assert_eq!(
            self.operator.terminate().await,
            Some(0),
            "{}",
            self.operator.log()
        );
        self.namespace.delete().await;
    }
}

/// What must be told of a run.
pub struct Expected<'e> {
    pub outcome: Outcome,
    pub reason: Reason,
    /// Parts of the message.
    pub words: &'e [&'e str],
    /// Pods that it took.
    pub attempts: i64,
}

impl<'e> Expected<'e> {
    /// A failure of one attempt.
    pub fn failed(reason: Reason, words: &'e [&'e str]) -> Self {
        Self {
            outcome: Outcome::Failed,
            reason,
            words,
            attempts: 1,
        }
    }

    fn assert_status(&self, source: &ScrapeSource) {
        let status = source.status.as_ref().unwrap();
        let last = status.last_run.as_ref().unwrap();
        let condition = condition(source, LAST_RUN_SUCCEEDED);
        let found = (last.report.outcome, last.report.reason, last.attempts);
        let told = json!(status);
        assert_eq!(found, (self.outcome, Some(self.reason), self.attempts), "{told}");
        assert_eq!(
            (condition.status.as_str(), condition.reason.as_str()),
            ("False", self.reason.as_str()),
            "{told}"
        );
        for word in self.words {
            assert!(
                condition.message.contains(word),
                "{word:?} is not in: {}",
                condition.message
            );
        }
        assert_eq!(runs(source), 1, "{told}");
        assert_eq!(status.recent_runs.len(), 1, "{told}");
        assert_eq!(status.consecutive_failures, 1, "{told}");
        println!("{}: {}", self.reason.as_str(), condition.message);
    }
}
