"""Every call of the Python SDK that is about Workers, against the daemon that the environment names."""

import os

import cloudflare
from cloudflare import Cloudflare

ACCESS = {"api_token": os.environ["API_TOKEN"], "base_url": os.environ["API"], "max_retries": 0}
client = Cloudflare(**ACCESS)
# Refuses an answer that lacks what its type has, or has something else.
strict = Cloudflare(**ACCESS, _strict_response_validation=True)
MODULE = "application/javascript+module"
NAMED = {"account_id": "edge", "dispatch_namespace": "production"}
SECRET = {"name": "SECRET", "text": "hush", "type": "secret_text"}


def module(word):
    source = (
        f"export default {{ fetch: (_, env) => new Response('{word} ' + env.SECRET), scheduled() {{}} }};"
    )
    return [("w.mjs", source.encode(), MODULE)]


def metadata(**more):
    return {"main_module": "w.mjs", "compatibility_date": "2026-01-01", **more}


def refused(call):
    try:
        call()
    except cloudflare.APIStatusError as error:
        return error.status_code, error.body["errors"][0]["code"]
    raise AssertionError("it was not refused")


# Dispatch namespaces.
namespaces = client.workers_for_platforms.dispatch.namespaces
namespaces.create(account_id="edge", name="production")
assert namespaces.get("production", account_id="edge").namespace_name == "production"
assert len(list(namespaces.list(account_id="edge"))) == 1

# A user Worker.
scripts = namespaces.scripts
scripts.update("user", **NAMED, metadata=metadata(tags=["a", "b"]), files=module("one"))
assert scripts.get("user", **NAMED).script.id == "user"
scripts.secrets.update("user", **NAMED, **SECRET)
assert [it.name for it in scripts.secrets.list("user", **NAMED)] == ["SECRET"]
assert scripts.secrets.get("SECRET", **NAMED, script_name="user").name == "SECRET"
more = {"MORE": {"name": "MORE", "text": "1", "type": "secret_text"}}
scripts.secrets.bulk_update("user", **NAMED, secrets=more)
scripts.secrets.delete("MORE", **NAMED, script_name="user")
assert list(scripts.tags.list("user", **NAMED)) == ["a", "b"]
scripts.tags.update("user", **NAMED, body=["x", "y"])
scripts.tags.delete("y", **NAMED, script_name="user")
assert list(scripts.tags.list("user", **NAMED)) == ["x"]
edited = scripts.settings.edit("user", **NAMED, settings={"logpush": True, "tags": ["z"]})
assert edited.tags == ["z"]
assert scripts.settings.get("user", **NAMED).logpush is True
assert len(list(scripts.bindings.get("user", **NAMED))) == 1
content = {"metadata": {"main_module": "w.mjs"}, "files": module("two")}
scripts.content.update("user", **NAMED, **content)
assert b"two" in scripts.content.get("user", **NAMED).read()
manifest = {"/a.html": {"hash": "0123456789abcdef0123456789abcdef", "size": 3}}
assert len(scripts.asset_upload.create("user", **NAMED, manifest=manifest).buckets) == 1
assert refused(lambda: scripts.get("none", **NAMED)) == (404, 10092)

# A Worker outside of namespaces.
plain = client.workers.scripts
HERE = {"account_id": "edge"}
plain.update("plain", **HERE, metadata=metadata(), files=module("plain"))
assert [it.id for it in plain.list(**HERE)] == ["plain"]
plain.secrets.update("plain", **HERE, **SECRET)
assert [it.name for it in plain.secrets.list("plain", **HERE)] == ["SECRET"]
plain.settings.edit("plain", **HERE, logpush=True, tags=["t"])
assert plain.settings.get("plain", **HERE).logpush is True
plain.script_and_version_settings.get("plain", **HERE)
plain.schedules.update("plain", **HERE, body=[{"cron": "*/5 * * * *"}])
assert plain.schedules.get("plain", **HERE).schedules[0].cron == "*/5 * * * *"
plain.subdomain.create("plain", **HERE, enabled=True)
assert plain.subdomain.get("plain", **HERE).enabled is True
assert client.workers.subdomains.get(**HERE).subdomain == "postern"

# Answers are what their types say, with much and with little in them.
tails = [("w.mjs", b"export default { tail() {}, fetch() {} };", MODULE)]
plain.update("tailer", **HERE, metadata=metadata(), files=tails)
workers = strict.workers.beta.workers
early = workers.create(**HERE, name="early", tail_consumers=[{"name": "tailer"}])
assert [it.name for it in early.tail_consumers] == ["tailer"]
assert [it.name for it in workers.get("early", **HERE).tail_consumers] == ["tailer"]
outbound = {"worker": {"service": "tailer"}, "params": [{"name": "tenant"}]}
dispatcher = {"type": "dispatch_namespace", "name": "D", "namespace": "production", "outbound": outbound}
limit = {"type": "ratelimit", "name": "R", "namespace_id": "1", "simple": {"limit": 1, "period": 60}}
plain.update("dispatcher", **HERE, metadata=metadata(bindings=[dispatcher, limit]), files=module("d"))
(leads,) = workers.get("tailer", **HERE).references.dispatch_namespace_outbounds
assert (leads.worker_name, leads.namespace_name) == ("dispatcher", "production")
for name in ["early", "tailer", "dispatcher"]:
    strict.workers.scripts.settings.get(name, **HERE)
    strict.workers.scripts.settings.edit(name, **HERE, logpush=False)
    list(strict.workers.scripts.secrets.list(name, **HERE))
    changed = strict.workers.scripts.secrets.bulk_update(name, **HERE, secrets=more)
    assert changed["MORE"].type == "secret_text"
    list(workers.versions.list(name, **HERE))
user = strict.workers_for_platforms.dispatch.namespaces.scripts
user.get("user", **NAMED)
assert scripts.settings.get("user", **NAMED).observability.enabled is False
assert user.secrets.bulk_update("user", **NAMED, secrets=more)["MORE"].name == "MORE"
for name in ["dispatcher", "early", "tailer"]:
    strict.workers.scripts.delete(name, **HERE)

# What leads to it.
zone_id = next(iter(client.zones.list(name="edge.test"))).id
routes, domains = client.workers.routes, client.workers.domains
route = routes.create(zone_id=zone_id, pattern="edge.test/*", script="plain")
assert routes.get(route.id, zone_id=zone_id).pattern == "edge.test/*"
routes.update(route.id, zone_id=zone_id, pattern="new.edge.test/*", script="plain")
assert len(list(routes.list(zone_id=zone_id))) == 1
domain = domains.update(**HERE, hostname="app.edge.test", service="plain", zone_id=zone_id)
assert domains.get(domain.id, **HERE).hostname == "app.edge.test"
assert len(list(domains.list(**HERE))) == 1
routes.delete(route.id, zone_id=zone_id)

# KV, whose pages end with an empty one.
kv = client.kv.namespaces
things = kv.create(**HERE, title="things").id
assert len(list(kv.list(**HERE))) == 1
THINGS = {"account_id": "edge", "namespace_id": things}
kv.values.update("key", **THINGS, value=b"a value", metadata={"a": 1})
assert kv.values.get("key", **THINGS).read() == b"a value"
assert [it.name for it in kv.keys.list(things, **HERE)] == ["key"]
assert kv.metadata.get("key", **THINGS) == {"a": 1}
kv.update(things, **HERE, title="renamed")
assert kv.get(things, **HERE).title == "renamed"
kv.bulk_update(things, **HERE, body=[{"key": "x", "value": "1"}, {"key": "y", "value": "2"}])
assert kv.bulk_get(things, **HERE, keys=["x"]).values == {"x": "1"}
kv.bulk_delete(things, **HERE, body=["x", "y"])
kv.values.delete("key", **THINGS)
kv.delete(things, **HERE)

# Versions and deployments; the answer of versions.create and of versions.get is one that the client itself cannot read.
running = plain.deployments.with_raw_response.list("plain", **HERE).json()["result"]["deployments"][0]
assert plain.deployments.get(running["id"], **HERE, script_name="plain").id == running["id"]
made = plain.versions.with_raw_response.create(
    "plain", **HERE, metadata={"main_module": "w.mjs"}, files=module("version")
).json()["result"]
assert [it.id for it in plain.versions.list("plain", **HERE)][0] == made["id"]


def deploy(version):
    shares = [{"percentage": 100, "version_id": version}]
    return plain.deployments.create("plain", **HERE, strategy="percentage", versions=shares)


deployed = deploy(made["id"])
deploy(running["versions"][0]["version_id"])
plain.deployments.delete(deployed.id, **HERE, script_name="plain")

# What was logged.
telemetry = client.workers.observability.telemetry
timeframe = {"from": 0, "to": 100000000000000}
queried = telemetry.query(**HERE, query_id="adhoc", timeframe=timeframe, view="events", parameters={"filters": []})
assert queried.run.status == "COMPLETED"
list(telemetry.keys(**HERE))

# What is deleted is gone.
plain.update("temporary", **HERE, metadata=metadata(), files=module("temporary"))
plain.delete("temporary", **HERE)
assert refused(lambda: plain.content.get("temporary", **HERE)) == (404, 10007)
scripts.update("temporary", **NAMED, metadata=metadata(), files=module("temporary"))
scripts.delete("temporary", **NAMED)
assert refused(lambda: scripts.get("temporary", **NAMED)) == (404, 10092)

# There are no Durable Objects, and so no namespaces of them.
assert list(client.durable_objects.namespaces.list(**HERE)) == []

# What there is not is named; `client.pipelines` cannot be imported.
for feature, call in [
    ("D1", client.d1.database.list),
    ("R2", client.r2.buckets.list),
    ("Queues", client.queues.list),
    ("Vectorize", client.vectorize.indexes.list),
    ("Hyperdrive", client.hyperdrive.configs.list),
    ("Workflows", client.workflows.list),
    ("Secrets Store", client.secrets_store.stores.list),
    ("Workers AI", client.ai.models.list),
    ("Pages", client.pages.projects.list),
]:
    try:
        call(**HERE)
        raise AssertionError(feature)
    except cloudflare.BadRequestError as error:
        (told,) = error.body["errors"]
        assert told["code"] == 10501, feature
        assert feature in told["message"] and "not supported" in told["message"], told
