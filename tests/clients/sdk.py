"""Every call of the Python SDK that is about Workers, against the daemon that the environment names."""

import os

import cloudflare
from cloudflare import Cloudflare

client = Cloudflare(api_token=os.environ["API_TOKEN"], base_url=os.environ["API"], max_retries=0)
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
kv.values.delete("key", **THINGS)
kv.delete(things, **HERE)
