// What the module cloudflare:workers has.
import * as cw from "cloudflare:workers";
import * as wf from "cloudflare:workflows";
import { NonRetryableError } from "cloudflare:workflows";
// head: ../programs/heads/show.js

export default { async fetch(request, env, ctx) {
  await fact("wf", () => (wf));
  await fact("new NonRetryableError(\"m\")", () => (new NonRetryableError("m")));
  await fact("new NonRetryableError(\"m\", \"n\")", () => (new NonRetryableError("m", "n")));
  await fact("String(new NonRetryableError(\"m\"))", () => (String(new NonRetryableError("m"))));
  await fact("cw.withEnv({ A: 1 }, () => cw.env.A)", () => (cw.withEnv({ A: 1 }, () => cw.env.A)));
  await fact("await cw.withEnv({ A: 1 }, async () => { await 0; return cw.env.A; })", async () => (await cw.withEnv({ A: 1 }, async () => { await 0; return cw.env.A; })));
  await fact("await cw.withEnv({ A: 1 }, async () => { await scheduler.wait(1); return [cw.env.A, \"A\" in cw.env, Object.keys(cw.env), cw.env.B]; })", async () => (await cw.withEnv({ A: 1 }, async () => { await scheduler.wait(1); return [cw.env.A, "A" in cw.env, Object.keys(cw.env), cw.env.B]; })));
  await fact("await cw.withEnv({ A: 1 }, () => new Promise(r => setTimeout(() => r(cw.env.A), 1)))", async () => (await cw.withEnv({ A: 1 }, () => new Promise(r => setTimeout(() => r(cw.env.A), 1)))));
  await fact("cw.withEnv({ A: 1 }, () => cw.withEnv({ B: 2 }, () => [cw.env.A, cw.env.B]))", () => (cw.withEnv({ A: 1 }, () => cw.withEnv({ B: 2 }, () => [cw.env.A, cw.env.B]))));
  await fact("cw.withEnv({ A: 1 }, () => { cw.env.C = 5; return [cw.env.C, delete cw.env.A, cw.env.A]; })", () => (cw.withEnv({ A: 1 }, () => { cw.env.C = 5; return [cw.env.C, delete cw.env.A, cw.env.A]; })));
  await fact("cw.withEnv()", () => (cw.withEnv()));
  await fact("cw.withEnv({})", () => (cw.withEnv({})));
  await fact("cw.withEnv({}, 5)", () => (cw.withEnv({}, 5)));
  await fact("cw.withEnv(5, () => cw.env)", () => (cw.withEnv(5, () => cw.env)));
  await fact("cw.withEnv(null, () => cw.env)", () => (cw.withEnv(null, () => cw.env)));
  await fact("cw.withEnv(\"x\", () => Object.keys(cw.env))", () => (cw.withEnv("x", () => Object.keys(cw.env))));
  await fact("cw.withEnv({ A: 1 }, () => { throw new Error(\"in\"); })", () => (cw.withEnv({ A: 1 }, () => { throw new Error("in"); })));
  await fact("cw.withExports({ X: 1 }, () => cw.exports.X)", () => (cw.withExports({ X: 1 }, () => cw.exports.X)));
  await fact("cw.withExports({ X: 1 }, () => Object.keys(cw.exports))", () => (cw.withExports({ X: 1 }, () => Object.keys(cw.exports))));
  await fact("cw.withExports()", () => (cw.withExports()));
  await fact("cw.withExports({}, 5)", () => (cw.withExports({}, 5)));
  await fact("cw.withEnvAndExports({ A: 1 }, { X: 2 }, () => [cw.env.A, cw.exports.X])", () => (cw.withEnvAndExports({ A: 1 }, { X: 2 }, () => [cw.env.A, cw.exports.X])));
  await fact("cw.withEnvAndExports({}, {})", () => (cw.withEnvAndExports({}, {})));
  await fact("cw.withEnv.length + cw.withExports.length + cw.withEnvAndExports.length", () => (cw.withEnv.length + cw.withExports.length + cw.withEnvAndExports.length));
  await fact("Object.keys(cw.exports)", () => (Object.keys(cw.exports)));
  await fact("Object.keys(cw.env)", () => (Object.keys(cw.env)));
  await fact("cw.env.nope", () => (cw.env.nope));
  await fact("\"x\" in cw.env", () => ("x" in cw.env));
  await fact("cw.cache.purge", () => (cw.cache.purge));
  await fact("Object.prototype.toString.call(cw.env)", () => (Object.prototype.toString.call(cw.env)));
  await fact("Object.getPrototypeOf(cw.env) === Object.prototype", () => (Object.getPrototypeOf(cw.env) === Object.prototype));
  await fact("cw.cache", () => (cw.cache));
  await fact("cw.waitUntil()", () => (cw.waitUntil()));
  await fact("cw.waitUntil.name", () => (cw.waitUntil.name));
  await fact("JSON.stringify(cw.env)", () => (JSON.stringify(cw.env)));
  await fact("{ cw.env.Q = 1; return [cw.env.Q, env.Q]; }", () => { cw.env.Q = 1; return [cw.env.Q, env.Q]; });
  return new Response(JSON.stringify(facts), { headers: { 'content-type': 'application/json' } });
} };
