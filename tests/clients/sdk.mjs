// Every call of the TypeScript SDK that is about Workers, against the daemon that the environment
// names. Arguments: the package, and its major version. Writes what came as one JSON object.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [name, major] = process.argv.slice(2);
const require = createRequire(join(process.env.CLIENTS, 'x.js'));
const { default: Cloudflare } = require(name);
const client = new Cloudflare({
  apiToken: process.env.API_TOKEN,
  baseURL: process.env.API,
  maxRetries: 0,
});
const account_id = 'edge';
const dispatch_namespace = 'production';
const MODULE = 'application/javascript+module';
const file = (word) =>
  new File(
    [`export default { fetch: (_, env) => new Response('${word} ' + env.SECRET), scheduled() {} };`],
    'w.mjs',
    { type: MODULE },
  );
const metadata = (more = {}) => ({ main_module: 'w.mjs', compatibility_date: '2026-01-01', ...more });
const all = async (pages) => {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
};
const refused = async (call) => {
  try {
    await call;
  } catch (error) {
    return [error.status, error.errors?.[0]?.code];
  }
  return null;
};

// In version 7 the dispatch namespace is one of the parameters, before it was the first argument.
const inNamespace = (call) => (first, params = {}) =>
  major === '7'
    ? call(first, { account_id, dispatch_namespace, ...params })
    : call(dispatch_namespace, first, { account_id, ...params });
const ofScript = (call) => (first, params = {}) =>
  major === '7'
    ? call(first, { account_id, dispatch_namespace, script_name: 'user', ...params })
    : call(dispatch_namespace, 'user', first, { account_id, ...params });

const ofPlain = (call) => (first, params = {}) =>
  major === '7'
    ? call(first, { account_id, script_name: 'plain', ...params })
    : call('plain', first, { account_id, ...params });

// Dispatch namespaces.
const namespaces = client.workersForPlatforms.dispatch.namespaces;
await namespaces.create({ account_id, name: 'production' });
const got = await namespaces.get('production', { account_id });
assert.equal(got.namespace_name, 'production');
assert.equal((await all(namespaces.list({ account_id }))).length, 1);

// A user Worker.
const { scripts } = namespaces;
const bound = (resource, method) => resource[method].bind(resource);
const update = inNamespace(bound(scripts, 'update'));
await update('user', { metadata: metadata({ tags: ['a', 'b'] }), files: [file('one')] });
const found = await inNamespace(bound(scripts, 'get'))('user');
assert.equal(found.script.id, 'user');
const secret = { name: 'SECRET', text: 'hush', type: 'secret_text' };
await inNamespace(bound(scripts.secrets, 'update'))('user', secret);
const named = { name: 'SECRET', type: 'secret_text' };
assert.deepEqual(await all(inNamespace(bound(scripts.secrets, 'list'))('user')), [named]);
assert.deepEqual(await ofScript(bound(scripts.secrets, 'get'))('SECRET'), named);
await inNamespace(bound(scripts.secrets, 'bulkUpdate'))('user', {
  secrets: { MORE: { name: 'MORE', text: '1', type: 'secret_text' } },
});
await ofScript(bound(scripts.secrets, 'delete'))('MORE');
assert.deepEqual(await all(inNamespace(bound(scripts.tags, 'list'))('user')), ['a', 'b']);
await inNamespace(bound(scripts.tags, 'update'))('user', { body: ['x', 'y'] });
await ofScript(bound(scripts.tags, 'delete'))('y');
assert.deepEqual(await all(inNamespace(bound(scripts.tags, 'list'))('user')), ['x']);
const edited = await inNamespace(bound(scripts.settings, 'edit'))('user', {
  settings: { logpush: true, tags: ['z'], observability: { enabled: true, head_sampling_rate: 0.5 } },
});
assert.deepEqual(edited.tags, ['z']);
assert.deepEqual(edited.observability, { enabled: true, head_sampling_rate: 0.5 });
const settings = await inNamespace(bound(scripts.settings, 'get'))('user');
assert.equal(settings.logpush, true);
assert.equal((await all(inNamespace(bound(scripts.bindings, 'get'))('user'))).length, 1);
await inNamespace(bound(scripts.content, 'update'))('user', {
  metadata: { main_module: 'w.mjs' },
  files: [file('two')],
});
const content = await inNamespace(bound(scripts.content, 'get'))('user');
assert.match(await content.text(), /two/);
const begun = await inNamespace(bound(scripts.assetUpload, 'create'))('user', {
  manifest: { '/a.html': { hash: '0123456789abcdef0123456789abcdef', size: 3 } },
});
assert.equal(begun.buckets.length, 1);
const none = await refused(inNamespace(bound(scripts, 'get'))('none'));
assert.deepEqual(none, [404, 10092]);

// A Worker outside of namespaces.
const plain = client.workers.scripts;
await plain.update('plain', { account_id, metadata: metadata(), files: [file('plain')] });
assert.deepEqual((await all(plain.list({ account_id }))).map(({ id }) => id), ['plain']);
await plain.secrets.update('plain', { account_id, ...secret });
assert.deepEqual(await all(plain.secrets.list('plain', { account_id })), [named]);
await plain.settings.edit('plain', { account_id, logpush: true, tags: ['t'] });
assert.equal((await plain.settings.get('plain', { account_id })).logpush, true);
await plain.scriptAndVersionSettings.get('plain', { account_id });
await plain.schedules.update('plain', { account_id, body: [{ cron: '*/5 * * * *' }] });
const { schedules } = await plain.schedules.get('plain', { account_id });
assert.equal(schedules[0].cron, '*/5 * * * *');
await plain.subdomain.create('plain', { account_id, enabled: true });
assert.equal((await plain.subdomain.get('plain', { account_id })).enabled, true);
assert.equal((await client.workers.subdomains.get({ account_id })).subdomain, 'postern');

assert.match(await (await plain.get('plain', { account_id })).toString(), /./);
assert.deepEqual((await plain.search({ account_id, name: 'pla' })).map(({ script_name }) => script_name), ['plain']);
assert.deepEqual(await ofPlain(bound(plain.secrets, 'get'))('SECRET'), named);
await plain.secrets.bulkUpdate('plain', {
  account_id,
  secrets: { MORE: { name: 'MORE', text: '1', type: 'secret_text' } },
});
await ofPlain(bound(plain.secrets, 'delete'))('MORE');
await plain.content.update('plain', { account_id, metadata: { main_module: 'w.mjs' }, files: [file('plain')] });
await plain.content.update('plain', {
  account_id,
  metadata: {},
  files: [file('plain')],
  'CF-WORKER-MAIN-MODULE-PART': 'w.mjs',
});
assert.match(await (await plain.content.get('plain', { account_id })).text(), /plain/);
await plain.scriptAndVersionSettings.edit('plain', { account_id, settings: { tags: ['s'] } });
assert.deepEqual((await plain.settings.get('plain', { account_id })).tags, ['s']);
await plain.subdomain.delete('plain', { account_id });
assert.equal((await plain.subdomain.get('plain', { account_id })).enabled, false);
await plain.subdomain.create('plain', { account_id, enabled: true });
assert.equal((await refused(client.workers.subdomains.update({ account_id, subdomain: 'other' })))[0], 400);
assert.equal((await refused(client.workers.subdomains.delete({ account_id })))[0], 400);
assert.equal((await client.workers.accountSettings.get({ account_id })).default_usage_model, 'standard');
await client.workers.accountSettings.update({ account_id, default_usage_model: 'standard' });

// Assets, of a Worker that goes again.
const page = '<p>a page</p>';
const hash = '00112233445566778899aabbccddeeff';
const session = await plain.assets.upload.create('site', {
  account_id,
  manifest: { '/page.html': { hash, size: page.length } },
});
assert.deepEqual(session.buckets, [[hash]]);
const completed = await client.workers.assets.upload.create(
  { account_id, base64: true, body: { [hash]: btoa(page) } },
  { headers: { Authorization: `Bearer ${session.jwt}` } },
);
await plain.update('site', { account_id, metadata: { assets: { jwt: completed.jwt } }, files: [] });
assert.equal((await plain.settings.get('site', { account_id })).logpush, false);
await plain.delete('site', { account_id, force: true });

// Workers that are made before they have code, and versions as JSON.
const workers = client.workers.beta.workers;
const worker = await workers.create({
  account_id,
  name: 'early',
  logpush: true,
  tags: ['t'],
  subdomain: { enabled: false },
});
assert.deepEqual([worker.name, worker.logpush, worker.tags, worker.subdomain.enabled], ['early', true, ['t'], false]);
assert.deepEqual(worker.references.workers, []);
assert.equal((await refused(workers.create({ account_id, name: 'early' })))[0], 400);
assert.equal((await workers.get(worker.id, { account_id })).name, 'early');
assert.deepEqual((await all(workers.list({ account_id }))).map(({ name }) => name), ['early', 'plain']);
const updated = await workers.edit(worker.id, { account_id, tags: ['u'] });
assert.deepEqual([updated.logpush, updated.tags], [true, ['u']]);
const replaced = await workers.update('early', { account_id, name: 'early' });
assert.deepEqual([replaced.logpush, replaced.tags], [false, []]);
assert.equal((await refused(workers.update('early', { account_id, name: 'late' })))[0], 400);
const early = await workers.versions.create(worker.id, {
  account_id,
  deploy: true,
  main_module: 'w.mjs',
  compatibility_date: '2026-01-01',
  bindings: [{ type: 'plain_text', name: 'SECRET', text: 'none' }],
  modules: [{ name: 'w.mjs', content_type: MODULE, content_base64: btoa(await file('early').text()) }],
});
assert.equal((await all(workers.versions.list(worker.id, { account_id })))[0].id, early.id);
const early_version = await (major === '7'
  ? workers.versions.get(early.id, { account_id, worker_id: worker.id })
  : workers.versions.get(worker.id, early.id, { account_id }));
assert.equal(early_version.main_module, 'w.mjs');
assert.match(early_version.created_on, /^\d{4}-/);
assert.ok(Array.isArray(early_version.urls));
assert.equal(early_version.bindings.length, 1);
const erase = (version) =>
  major === '7'
    ? workers.versions.delete(version, { account_id, worker_id: worker.id })
    : workers.versions.delete(worker.id, version, { account_id });
const before = (await all(workers.versions.list(worker.id, { account_id }))).at(-1);
assert.notEqual(before.id, early.id);
assert.equal((await refused(erase(early.id)))[0], 400);
await erase(before.id);
assert.deepEqual((await all(workers.versions.list(worker.id, { account_id }))).map(({ id }) => id), [early.id]);
assert.equal((await refused(erase(before.id)))[0], 404);
await workers.delete(worker.id, { account_id });
assert.deepEqual(await refused(workers.get('early', { account_id })), [404, 10007]);

// What leads to it.
const [zone] = await all(client.zones.list({ name: 'edge.test' }));
const zone_id = zone.id;
for (const field of ['created_on', 'modified_on', 'name_servers', 'owner', 'plan', 'meta', 'development_mode']) {
  assert.ok(zone[field] !== undefined, field);
}
const { routes, domains } = client.workers;
const route = await routes.create({ zone_id, pattern: 'edge.test/*', script: 'plain' });
assert.equal((await routes.get(route.id, { zone_id })).pattern, 'edge.test/*');
await routes.update(route.id, { zone_id, pattern: 'new.edge.test/*', script: 'plain' });
assert.equal((await all(routes.list({ zone_id }))).length, 1);
const domain = await domains.update({
  account_id,
  environment: 'production',
  hostname: 'app.edge.test',
  service: 'plain',
  zone_id,
});
assert.equal((await domains.get(domain.id, { account_id })).hostname, 'app.edge.test');
assert.equal((await all(domains.list({ account_id }))).length, 1);
await routes.delete(route.id, { zone_id });
const other = await domains.update({ account_id, environment: 'production', hostname: 'go.edge.test', service: 'plain', zone_id });
await domains.delete(other.id, { account_id });
assert.equal((await all(domains.list({ account_id }))).length, 1);

// KV, whose pages end with an empty one.
const kv = client.kv.namespaces;
const { id } = await kv.create({ account_id, title: 'things' });
assert.equal((await all(kv.list({ account_id }))).length, 1);
const ofKv = (call) => (key, params = {}) =>
  major === '7'
    ? call(key, { account_id, namespace_id: id, ...params })
    : call(id, key, { account_id, ...params });
await ofKv(bound(kv.values, 'update'))('key', { value: 'a value', metadata: '{}' });
assert.equal(await (await ofKv(bound(kv.values, 'get'))('key')).text(), 'a value');
assert.deepEqual((await all(kv.keys.list(id, { account_id }))).map((key) => key.name), ['key']);
const kept = await ofKv(bound(kv.metadata, 'get'))('key');
assert.deepEqual(kept, {});
await kv.update(id, { account_id, title: 'renamed' });
assert.equal((await kv.get(id, { account_id })).title, 'renamed');
await kv.bulkUpdate(id, { account_id, body: [{ key: 'x', value: '1' }, { key: 'y', value: '2' }] });
assert.deepEqual((await kv.bulkGet(id, { account_id, keys: ['x', 'none'] })).values, { x: '1', none: null });
await kv.bulkDelete(id, { account_id, body: ['x', 'y'] });
await kv.keys.bulkUpdate(id, { account_id, body: [{ key: 'x', value: '1' }] });
assert.deepEqual((await kv.keys.bulkGet(id, { account_id, keys: ['x'] })).values, { x: '1' });
await kv.keys.bulkDelete(id, { account_id, body: ['x'] });
await ofKv(bound(kv.values, 'delete'))('key');
await kv.delete(id, { account_id });

// Versions and deployments, which leave what runs as it is in the end.
const history = await plain.deployments.list('plain', { account_id });
const [running] = history.deployments ?? history.result.deployments;
const shown = await ofPlain(bound(plain.deployments, 'get'))(running.id);
assert.equal(shown.id, running.id);
const made = await plain.versions.create('plain', {
  account_id,
  metadata: { main_module: 'w.mjs', annotations: { 'workers/message': 'another' } },
  files: [file('version')],
});
const versions = await all(plain.versions.list('plain', { account_id }));
assert.equal(versions[0].id, made.id);
assert.equal((await ofPlain(bound(plain.versions, 'get'))(made.id)).id, made.id);
const deploy = (version_id) =>
  plain.deployments.create('plain', { account_id, strategy: 'percentage', versions: [{ percentage: 100, version_id }] });
const deployed = await deploy(made.id);
await deploy(running.versions[0].version_id);
await ofPlain(bound(plain.deployments, 'delete'))(deployed.id);

// Live tails, and what was logged.
const tail = await plain.tail.create('plain', { account_id, body: { filters: [] } });
assert.match(tail.url, /^ws/);
await plain.tail.get('plain', { account_id });
await ofPlain(bound(plain.tail, 'delete'))(tail.id);
const { telemetry } = client.workers.observability;
const timeframe = { from: 0, to: Date.now() + 1000 };
const queried = await telemetry.query({ account_id, queryId: 'adhoc', timeframe, view: 'events', parameters: { filters: [] } });
assert.equal(queried.run.status, 'COMPLETED');
assert.ok(Array.isArray(queried.events.events));
await all(telemetry.keys({ account_id }));
await all(telemetry.values({ account_id, datasets: [], key: '$metadata.service', type: 'string', timeframe }));

// What is deleted is gone.
await plain.update('temporary', { account_id, metadata: metadata(), files: [file('temporary')] });
await plain.delete('temporary', { account_id });
assert.deepEqual(await refused(plain.content.get('temporary', { account_id })), [404, 10007]);
await update('temporary', { metadata: metadata(), files: [file('temporary')] });
await inNamespace(bound(scripts, 'delete'))('temporary');
assert.deepEqual(await refused(inNamespace(bound(scripts, 'get'))('temporary')), [404, 10092]);
await namespaces.create({ account_id, name: 'temporary' });
await namespaces.delete('temporary', { account_id });
assert.equal((await refused(namespaces.get('temporary', { account_id })))[0], 404);

// Tokens, without their text.
const [own] = await all(client.accounts.tokens.list({ account_id }));
assert.equal((await client.user.tokens.get(own.id)).name, own.name);
const groups = await all(client.user.tokens.permissionGroups.list());
assert.deepEqual(groups.map(({ name }) => name), ['admin', 'deploy', 'read', 'tune', 'firmware']);

// Where logs are pushed to.
const { validate, ownership } = client.logpush;
const destination_conf = 'http://127.0.0.1:9/logs';
assert.equal((await validate.destination({ account_id, destination_conf })).valid, true);
assert.equal((await validate.destinationExists({ account_id, destination_conf })).exists, false);
assert.equal((await validate.origin({ account_id, logpull_options: 'fields=Event,Outcome' })).valid, true);
assert.equal((await validate.origin({ account_id, logpull_options: 'fields=Nothing' })).valid, false);
assert.equal((await ownership.create({ account_id, destination_conf })).valid, true);
const ownership_challenge = 'none';
assert.equal((await ownership.validate({ account_id, destination_conf, ownership_challenge })).valid, true);
const job = await client.logpush.jobs.create({ account_id, destination_conf, dataset: 'workers_trace_events' });
assert.equal((await validate.destinationExists({ account_id, destination_conf })).exists, true);
await client.logpush.jobs.delete(job.id, { account_id });
assert.deepEqual(await refused(client.user.tokens.get('none')), [404, 7003]);
const stranger = new Cloudflare({ apiToken: 'none', baseURL: process.env.API, maxRetries: 0 });
assert.deepEqual(await refused(stranger.user.tokens.verify()), [401, 1000]);

// There are no Durable Objects, and so no namespaces of them.
assert.deepEqual(await all(client.durableObjects.namespaces.list({ account_id })), []);

// What there is not is named.
const absent = [
  ['D1', () => client.d1.database.list({ account_id })],
  ['D1', () => client.d1.database.create({ account_id, name: 'x' })],
  ['R2', () => client.r2.buckets.list({ account_id })],
  ['R2', () => client.r2.buckets.create({ account_id, name: 'bucket' })],
  ['Queues', () => client.queues.list({ account_id })],
  ['Queues', () => client.queues.create({ account_id, queue_name: 'q' })],
  ['Vectorize', () => client.vectorize.indexes.list({ account_id })],
  ['Hyperdrive', () => client.hyperdrive.configs.list({ account_id })],
  ['Workflows', () => client.workflows.list({ account_id })],
  ['Pipelines', () => client.pipelines.list({ account_id })],
  ['Secrets Store', () => client.secretsStore.stores.list({ account_id })],
  ['Workers AI', () => client.ai.models.list({ account_id })],
  ['Pages', () => client.pages.projects.list({ account_id })],
  ['mTLS', () => client.mtlsCertificates.list({ account_id })],
];
for (const [feature, call] of absent) {
  try {
    await call();
    assert.fail(feature);
  } catch (error) {
    assert.equal(error.status, 400, `${feature}: ${error}`);
    assert.equal(error.errors?.[0]?.code, 10501, feature);
    assert.match(error.errors[0].message, new RegExp(`${feature}.*not supported`), feature);
  }
}

console.log(JSON.stringify({ zone: zone_id, domain: domain.id }));
