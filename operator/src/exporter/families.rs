//! Each family of the exporter from the rows of all sources. Pure.

use jiff::Timestamp;
use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use sms_crds::{
    ScrapeSource, conditions,
    metrics::{DURATION_BUCKETS, Family, Kind, exported, operator},
    report::{Outcome, SkipReason, Step},
    schedule::Schedule,
    v1alpha1::status::{RunTotals, ScrapeSourceStatus},
    zone::time_zone,
};

use super::{Sources, intervals::Intervals};

/// One source, and what is computed once for all its series.
#[derive(Debug)]
pub struct Row<'s> {
    source: &'s ScrapeSource,
    api: String,
    is_owner: bool,
    timing: Option<Timing>,
}

/// What the schedule says; absent if it cannot be read.
#[derive(Clone, Copy, Debug)]
struct Timing {
    interval_seconds: f64,
    next_run: Option<Timestamp>,
}

/// The rows of all sources, ordered by API name, the owner of each first.
pub fn rows<'s>(sources: &Sources<'s>, now: Timestamp, intervals: &mut Intervals) -> Vec<Row<'s>> {
    intervals.begin();
    let mut rows: Vec<Row<'s>> = sources
        .sources
        .iter()
        .map(|source| {
            let is_owner = sources.names.is_owner(source);
            Row {
                source,
                api: source.api_name(),
                is_owner,
                timing: is_owner.then(|| timing(source, now, intervals)).flatten(),
            }
        })
        .collect();
    intervals.end();
    rows.sort_by(|one, other| (&one.api, !one.is_owner).cmp(&(&other.api, !other.is_owner)));
    rows
}

fn timing(source: &ScrapeSource, now: Timestamp, intervals: &mut Intervals) -> Option<Timing> {
    let schedule = Schedule::parse(&source.spec.schedule, &source.key()).ok()?;
    let zone = time_zone(&source.spec.time_zone, "spec.timeZone").ok()?;
    let next_run = if source.spec.suspend {
        None
    } else {
        schedule.next_after(now, &zone)
    };
    Some(Timing {
        interval_seconds: source
            .expected_interval(intervals.between_slots(&schedule, &source.spec.time_zone, &zone, now))
            .as_secs_f64(),
        next_run,
    })
}

/// Makes one family of all rows; `installation` is a label of one of them.
pub type Writer = fn(&[Row<'_>], &str) -> MetricFamily;

/// A writer for each family, in the order of the contract.
pub const WRITERS: [Writer; 15] = [
    ingest_runs,
    events_processed,
    events_skipped,
    pipeline_errors,
    pipeline_duration,
    source_info,
    expected_interval,
    last_success,
    next_run,
    run_deadline,
    created,
    consecutive_failures,
    suspended,
    condition,
    pending,
];

fn ingest_runs(rows: &[Row<'_>], _: &str) -> MetricFamily {
    let counted = Outcome::ALL
        .into_iter()
        .filter(|outcome| *outcome != Outcome::SkippedByCadence);
    let outcomes: Vec<Outcome> = counted.collect();
    numbers(exported::INGEST_RUNS, rows, |row, number| {
        for outcome in &outcomes {
            let runs = row.totals().and_then(|totals| totals.runs.get(outcome));
            number(&[outcome.as_str()], count(runs));
        }
    })
}

fn events_processed(rows: &[Row<'_>], _: &str) -> MetricFamily {
    numbers(exported::EVENTS_PROCESSED, rows, |row, number| {
        number(&[], count(row.totals().map(|totals| &totals.processed)));
    })
}

fn events_skipped(rows: &[Row<'_>], _: &str) -> MetricFamily {
    numbers(exported::EVENTS_SKIPPED, rows, |row, number| {
        for reason in SkipReason::ALL {
            let skipped = row.totals().and_then(|totals| totals.skipped.get(&reason));
            number(&[reason.as_str()], count(skipped));
        }
    })
}

fn pipeline_errors(rows: &[Row<'_>], _: &str) -> MetricFamily {
    numbers(exported::PIPELINE_ERRORS, rows, |row, number| {
        for step in Step::ALL {
            let errors = row.totals().and_then(|totals| totals.errors.get(&step));
            number(&[step.as_str()], count(errors));
        }
    })
}

fn pipeline_duration(rows: &[Row<'_>], _: &str) -> MetricFamily {
    let family = exported::PIPELINE_DURATION;
    let metrics = rows.iter().filter(|row| row.is_owner).map(|row| {
        let mut metric = Metric::from_label(vec![label(family.labels[0], &row.api)]);
        metric.set_histogram(histogram(row.totals()));
        metric
    });
    metric_family(family, metrics.collect())
}

fn source_info(rows: &[Row<'_>], installation: &str) -> MetricFamily {
    let family = exported::SOURCE_INFO;
    let metrics = rows.iter().map(|row| {
        let key = row.source.key();
        let values = [row.api.as_str(), &key.namespace, &key.name, installation];
        let labels = family
            .labels
            .iter()
            .zip(values)
            .map(|(name, value)| label(name, value));
        gauge(labels.collect(), 1.0)
    });
    metric_family(family, metrics.collect())
}

fn expected_interval(rows: &[Row<'_>], _: &str) -> MetricFamily {
    numbers(exported::SOURCE_EXPECTED_INTERVAL, rows, |row, number| {
        if let Some(timing) = row.timing {
            number(&[], timing.interval_seconds);
        }
    })
}

fn last_success(rows: &[Row<'_>], _: &str) -> MetricFamily {
    numbers(exported::SOURCE_LAST_SUCCESS, rows, |row, number| {
        let last_success = row.status().and_then(|status| status.last_success_time.as_ref());
        number(&[], last_success.map_or(0.0, |time| seconds(time.0)));
    })
}

fn next_run(rows: &[Row<'_>], _: &str) -> MetricFamily {
    numbers(exported::SOURCE_NEXT_RUN, rows, |row, number| {
        if let Some(timing) = row.timing {
            number(&[], timing.next_run.map_or(0.0, seconds));
        }
    })
}

/// The status knows when a run was due that nothing has been heard of since; the schedule alone would only ever look ahead.
fn run_deadline(rows: &[Row<'_>], _: &str) -> MetricFamily {
    numbers(exported::SOURCE_RUN_DEADLINE, rows, |row, number| {
        let due = row.status().and_then(|status| status.next_run_time.as_deref());
        let due: Option<Timestamp> = due.and_then(|text| text.parse().ok());
        let due = due.filter(|_| !row.source.spec.suspend);
        number(&[], due.map_or(0.0, |due| seconds(due) + longest_run(row.source)));
    })
}

fn created(rows: &[Row<'_>], _: &str) -> MetricFamily {
    numbers(exported::SOURCE_CREATED, rows, |row, number| {
        if let Some(created) = &row.source.metadata.creation_timestamp {
            number(&[], seconds(created.0));
        }
    })
}

fn consecutive_failures(rows: &[Row<'_>], _: &str) -> MetricFamily {
    numbers(exported::SOURCE_CONSECUTIVE_FAILURES, rows, |row, number| {
        number(
            &[],
            count(row.status().map(|status| &status.consecutive_failures)),
        );
    })
}

fn suspended(rows: &[Row<'_>], _: &str) -> MetricFamily {
    numbers(exported::SOURCE_SUSPENDED, rows, |row, number| {
        number(&[], f64::from(u8::from(row.source.spec.suspend)));
    })
}

fn condition(rows: &[Row<'_>], _: &str) -> MetricFamily {
    numbers(operator::SOURCE_CONDITION, rows, |row, number| {
        let written = row.status().map_or(&[][..], |status| &status.conditions);
        for kind in conditions::TYPES {
            // A condition that is absent is unknown (Kubernetes API conventions, "Typical status properties").
            let current = written
                .iter()
                .find(|condition| condition.type_ == kind)
                .map_or("Unknown", |condition| &condition.status);
            for status in conditions::STATUSES {
                number(&[kind, status], f64::from(u8::from(status == current)));
            }
        }
    })
}

/// A source that is being deleted is not reconciled any more.
fn pending(rows: &[Row<'_>], _: &str) -> MetricFamily {
    numbers(operator::SOURCE_PENDING, rows, |row, number| {
        let metadata = &row.source.metadata;
        let observed = row.status().and_then(|status| status.observed_generation);
        let is_pending = metadata.deletion_timestamp.is_none() && metadata.generation != observed;
        number(&[], f64::from(u8::from(is_pending)));
    })
}

impl Row<'_> {
    fn status(&self) -> Option<&ScrapeSourceStatus> {
        self.source.status.as_ref()
    }

    fn totals(&self) -> Option<&RunTotals> {
        self.status()?.totals.as_ref()
    }
}

/// A family of numbers with the label `api` and whatever else `write` gives, of the sources that have their API name.
fn numbers(
    family: Family,
    rows: &[Row<'_>],
    write: impl Fn(&Row<'_>, &mut dyn FnMut(&[&str], f64)),
) -> MetricFamily {
    let mut metrics = Vec::with_capacity(rows.len());
    for row in rows.iter().filter(|row| row.is_owner) {
        write(row, &mut |values, value| {
            let values = std::iter::once(row.api.as_str()).chain(values.iter().copied());
            let labels = family
                .labels
                .iter()
                .zip(values)
                .map(|(name, value)| label(name, value))
                .collect();
            metrics.push(match family.kind {
                Kind::Counter => counter(labels, value),
                Kind::Gauge | Kind::Histogram => gauge(labels, value),
            });
        });
    }
    metric_family(family, metrics)
}

/// Buckets that add up, from those of the totals, which do not.
fn histogram(totals: Option<&RunTotals>) -> Histogram {
    let mut histogram = Histogram::default();
    let single = totals.map_or(&[][..], |totals| &totals.duration_buckets);
    let mut cumulative = 0;
    let mut next = single.iter().map(|runs| u64::try_from(*runs).unwrap_or(0));
    let buckets = DURATION_BUCKETS.into_iter().map(|bound| {
        cumulative += next.next().unwrap_or(0);
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(bound);
        bucket.set_cumulative_count(cumulative);
        bucket
    });
    histogram.set_bucket(buckets.collect());
    histogram.set_sample_count(cumulative + next.sum::<u64>());
    histogram.set_sample_sum(totals.map_or(0.0, |totals| totals.duration_seconds.max(0.0)));
    histogram
}

fn metric_family(family: Family, metrics: Vec<Metric>) -> MetricFamily {
    let mut made = MetricFamily::default();
    made.set_name(family.name.to_owned());
    made.set_help(family.help.to_owned());
    made.set_field_type(match family.kind {
        Kind::Counter => MetricType::COUNTER,
        Kind::Gauge => MetricType::GAUGE,
        Kind::Histogram => MetricType::HISTOGRAM,
    });
    made.set_metric(metrics);
    made
}

fn label(name: &str, value: &str) -> LabelPair {
    let mut label = LabelPair::default();
    label.set_name(name.to_owned());
    label.set_value(value.to_owned());
    label
}

fn counter(labels: Vec<LabelPair>, value: f64) -> Metric {
    let mut number = Counter::default();
    number.set_value(value);
    let mut metric = Metric::from_label(labels);
    metric.set_counter(number);
    metric
}

fn gauge(labels: Vec<LabelPair>, value: f64) -> Metric {
    let mut number = Gauge::default();
    number.set_value(value);
    let mut metric = Metric::from_label(labels);
    metric.set_gauge(number);
    metric
}

/// Exact up to 2⁵³, as every number in Prometheus.
#[allow(clippy::cast_precision_loss, reason = "numbers in Prometheus are f64")]
fn count(number: Option<&i64>) -> f64 {
    number.copied().unwrap_or(0).max(0) as f64
}

/// From the time when a run is due to the time when Kubernetes has ended it, in seconds.
#[allow(clippy::cast_precision_loss, reason = "numbers in Prometheus are f64")]
fn longest_run(source: &ScrapeSource) -> f64 {
    let job = source.spec.job.clone().unwrap_or_default();
    (job.starting_deadline() + job.active_deadline()) as f64
}

#[allow(clippy::cast_precision_loss, reason = "numbers in Prometheus are f64")]
fn seconds(at: Timestamp) -> f64 {
    at.as_second() as f64
}
