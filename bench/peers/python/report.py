"""The families that the scraper pushes, by prometheus_client. IO."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics, push_to_gateway


def push(gateway, name, runs, events, stored, seconds):
    disable_created_metrics()
    registry = CollectorRegistry()
    for counter, words, value in (
        ("sms_events_processed", "Events accepted by the last successful run.", events),
        ("sms_events_skipped", "Items that the last successful run rejected.", 0),
        ("sms_ingest_runs", "Runs of this API since its store began.", runs),
        ("sms_pipeline_errors", "Items and steps that failed in the last run.", 0),
    ):
        Counter(counter, words, registry=registry).inc(value)
    now = int(time.time())
    for gauge, words, value in (
        ("sms_last_run_success", "Whether the last run succeeded.", 1),
        ("sms_last_run_timestamp_seconds", "When the last run ended.", now),
        ("sms_last_success_timestamp_seconds", "When the last successful run ended.", now),
        ("sms_pipeline_duration_seconds", "Duration of the last run in seconds.", seconds),
    ):
        Gauge(gauge, words, registry=registry).set(value)
    outcomes = Gauge("sms_last_run_events", "Events of the last run by what became of them.", ["outcome"],
                     registry=registry)
    counts = {"new": stored, "removed": 0, "skipped": 0, "unchanged": events - stored, "updated": 0}
    for outcome, count in counts.items():
        outcomes.labels(outcome).set(count)
    Gauge("sms_source_info", "The source that this group belongs to; always 1.",
          ["installation", "name", "namespace"], registry=registry).labels("local", name, "default").set(1)
    push_to_gateway(gateway, job="sms_scraper", grouping_key={"instance": name}, registry=registry)
