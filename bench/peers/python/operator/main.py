"""The peer of sms_operator on kopf: the same CronJob and the same status for each ScrapeSource. IO.

CronJobs are written over one aiohttp session, the status is written by kopf itself.
"""

import asyncio
import datetime
import ssl
import zoneinfo

import aiohttp
import croniter
import kopf
import uvloop

from source import SPEC_HASH, cron_job, problem

session = None


@kopf.on.startup()
async def configure(settings, **_):
    settings.posting.enabled = False
    settings.watching.server_timeout = 600


@kopf.on.login()
async def login(**arguments):
    global session
    found = kopf.login_with_kubeconfig(**arguments)
    session = aiohttp.ClientSession(
        found.server, headers={"Authorization": f"Bearer {found.token}"},
        connector=aiohttp.TCPConnector(limit=16, ssl=ssl.create_default_context(cafile=found.ca_path)))
    return found


@kopf.on.cleanup()
async def close(**_):
    if session:
        await session.close()


@kopf.index("batch", "v1", "cronjobs", labels={"app.kubernetes.io/managed-by": "sms-operator"})
async def cron_jobs(namespace, name, meta, **_):
    owner = next((owner["uid"] for owner in meta.get("ownerReferences", []) if owner.get("controller")), None)
    return {(namespace, name): {
        "uid": meta["uid"], "generation": meta["generation"], "owner": owner,
        "hash": meta.get("annotations", {}).get(SPEC_HASH),
    }}


async def send(method, namespace, name, body):
    path = f"/apis/batch/v1/namespaces/{namespace}/cronjobs" + (f"/{name}" if method == "PUT" else "")
    async with session.request(method, path, json=body) as response:
        if response.status >= 300:
            raise kopf.TemporaryError(await response.text(), delay=1)
        return (await response.json())["metadata"]


@kopf.on.resume("sms-scraper.dev", "v1alpha1", "scrapesources")
@kopf.on.create("sms-scraper.dev", "v1alpha1", "scrapesources")
@kopf.on.update("sms-scraper.dev", "v1alpha1", "scrapesources", field="spec")
async def reconcile(body, spec, status, meta, namespace, name, patch, cron_jobs, **_):
    if found := problem(spec):
        raise kopf.PermanentError(found)
    desired = cron_job(body)
    known = next(iter(cron_jobs.get((namespace, name), [])), None)
    if known is None:
        applied = await send("POST", namespace, name, desired)
    elif known["hash"] == desired["metadata"]["annotations"][SPEC_HASH] and known["owner"] == meta["uid"]:
        applied = known
    else:
        applied = await send("PUT", namespace, name, desired)
    wanted = assessed(spec, status, meta, name, applied)
    if any(status.get(field) != value for field, value in wanted.items()):
        patch.status.update(wanted)


def assessed(spec, status, meta, name, applied):
    generation = meta["generation"]
    now = datetime.datetime.now(datetime.UTC)
    zone = zoneinfo.ZoneInfo(spec["timeZone"])
    next_run = status.get("nextRunTime")
    if next_run is None or status.get("observedGeneration") != generation:
        following = croniter.croniter(spec["schedule"], now.astimezone(zone)).get_next(datetime.datetime)
        next_run = following.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    previous = {each["type"]: each for each in status.get("conditions", [])}

    def condition(kind, state, reason, message):
        before = previous.get(kind, {})
        since = before["lastTransitionTime"] if before.get("status") == state else now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"type": kind, "status": state, "reason": reason, "message": message,
                "observedGeneration": generation, "lastTransitionTime": since}

    return {
        "observedGeneration": generation,
        "conditions": [
            condition("Ready", "True", "Scheduled", f"Runs at {spec['schedule']} ({spec['timeZone']})"),
            condition("LastRunSucceeded", "Unknown", "NoRunYet", "No run has finished yet"),
            condition("DataHealthy", "Unknown", "NoRunYet", "No run has read events yet"),
            condition("MetricsPublished", "Unknown", "NotConfigured", "No Pushgateway is configured: set "
                      "pushgateway.url in the operator's job settings to push metrics"),
        ],
        "consecutiveFailures": 0,
        "nextRunTime": next_run,
        "cronJob": {"name": name, "uid": applied["uid"], "generation": applied["generation"]},
    }


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(kopf.operator(clusterwide=True, standalone=True))
