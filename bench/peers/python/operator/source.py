"""Checks a ScrapeSource and makes its CronJob. Pure."""

import hashlib
import json
import urllib.parse
import zoneinfo

import croniter

SPEC_HASH = "sms-scraper.dev/spec-hash"
IMAGE = "registry.example/sms_scraper:1"
SECRETS = "/var/run/secrets/sms-scraper"
USER = 65532
ORDER = ("schedule", "timeZone", "suspend", "fetch", "extract", "expect")
FETCH = ("url", "method", "headers", "robots")


def problem(spec):
    """What is wrong with a source, if anything is."""
    if not croniter.croniter.is_valid(spec["schedule"]):
        return "spec.schedule is no schedule"
    try:
        zoneinfo.ZoneInfo(spec["timeZone"])
    except (ValueError, zoneinfo.ZoneInfoNotFoundError):
        return "spec.timeZone is no time zone"
    url = urllib.parse.urlsplit(spec["fetch"]["url"])
    if url.scheme not in ("http", "https") or not url.netloc:
        return "spec.fetch.url is no web address"
    if not spec["extract"].get("json", {}).get("fields"):
        return "spec.extract names no fields"
    return None


def travelling(body):
    """The source as its Job reads it: without status, and with every $ doubled for the kubelet."""
    spec = body["spec"]
    spec = {field: spec[field] for field in ORDER if field in spec}
    spec["fetch"] = {field: spec["fetch"][field] for field in FETCH if field in spec["fetch"]}
    extract = spec["extract"]["json"]
    spec["extract"] = {"json": {"items": extract["items"], "fields": dict(sorted(extract["fields"].items()))}}
    metadata = {"name": body["metadata"]["name"], "namespace": body["metadata"]["namespace"]}
    source = {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": metadata, "spec": spec}
    return json.dumps(source, separators=(",", ":"), ensure_ascii=False).replace("$", "$$")


def cron_job(body):
    """The CronJob that a source should have."""
    name, spec = body["metadata"]["name"], body["spec"]
    job = spec.get("job", {})
    deadline = job.get("activeDeadlineSeconds", 600)
    labels = {
        "app.kubernetes.io/name": "sms-scraper", "app.kubernetes.io/component": "job",
        "app.kubernetes.io/managed-by": "sms-operator", "sms-scraper.dev/source": name,
    }
    pod = {
        "restartPolicy": "Never", "automountServiceAccountToken": False, "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER,
                            "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": {"type": "RuntimeDefault"}},
        "volumes": [{"name": "secrets", "projected": {"defaultMode": 0o440, "sources": [{"secret": {
            "name": "sms-store", "optional": True, "items": [{"key": "url", "path": "sms-store/url"}]}}]}}],
        "containers": [{
            "name": "scraper", "image": IMAGE, "args": ["ingester"],
            "env": [
                {"name": "SMS_SOURCE", "value": travelling(body)},
                {"name": "SMS_TERMINATION_MESSAGE_PATH", "value": "/dev/termination-log"},
                {"name": "SMS_SECRETS_DIR", "value": SECRETS},
                {"name": "SMS_INSTALLATION", "value": "sms-scraper"},
                {"name": "SMS_RUN_TIMEOUT", "value": str(max(deadline - max(deadline // 10, 5), 1))},
                {"name": "SMS_LOG_FORMAT", "value": "json"},
                {"name": "SMS_STORE_URL_FILE", "value": f"{SECRETS}/sms-store/url"},
                {"name": "SMS_DEFAULT_STORE_URL", "value": "stdout:"},
            ],
            "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "20m", "memory": "64Mi"}},
            "volumeMounts": [{"name": "secrets", "mountPath": SECRETS, "readOnly": True}],
            "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]}},
        }],
    }
    desired = {
        "schedule": spec["schedule"], "timeZone": spec["timeZone"], "suspend": spec["suspend"],
        "concurrencyPolicy": "Forbid", "startingDeadlineSeconds": 300,
        "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 3,
        "jobTemplate": {"metadata": {"labels": labels}, "spec": {
            "activeDeadlineSeconds": deadline, "backoffLimit": job.get("backoffLimit", 1),
            "ttlSecondsAfterFinished": 86400,
            "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {
                "containerName": "scraper", "operator": "In", "values": [2]}}]},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        }},
    }
    text = json.dumps([desired, labels], separators=(",", ":"), sort_keys=True)
    return {
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": {
            "name": name, "namespace": body["metadata"]["namespace"], "labels": labels,
            "annotations": {SPEC_HASH: hashlib.sha256(text.encode()).hexdigest()[:32]},
            "ownerReferences": [{"apiVersion": body["apiVersion"], "kind": body["kind"], "name": name,
                                 "uid": body["metadata"]["uid"], "controller": True}],
        },
        "spec": desired,
    }
