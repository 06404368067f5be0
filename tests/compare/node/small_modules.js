// Small things of many modules of Node: what they show, take and refuse.
// flags: nodejs_compat
import module from "node:module";
import events from "node:events";
import http from "node:http";
import https from "node:https";
import process from "node:process";
import util from "node:util";
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { scheduler } from "node:timers/promises";
const err = (e) => (e && typeof e === "object" ? `${e.name} ${e.code} ${e.message}` : String(e));
const T = (f) => { try { const r = f(); return typeof r === "string" ? r : util.inspect(r); } catch (e) { return `throws ${err(e)}`; } };
export default {
  async fetch() {
    const o = {};
  o.isb = ['fs', 'node:fs', 'test', 'node:test', 'sea', 'node:sea', 'sqlite', 'node:sqlite', 'fs/promises', 'node:fs/promises', 'sys', '_http_agent', 'node:node:fs', '', 'cloudflare:sockets', 'test/reporters', 'node:test/reporters', 'wasi', 'inspector/promises', '_stream_wrap', 'quic', 'node:quic', 'internal/util', 'punycode', 'timers/promises'].map((x) => x + module.isBuiltin(x));
  const R = module.createRequire("/bundle/x.js");
  o.req = [T(() => R("node:fs") === R("fs")), T(() => module.createRequire("http://x")), T(() => module.createRequire("")), T(() => module.createRequire(null)), T(() => module.createRequire({})), T(() => Object.getOwnPropertyDescriptor(module.prototype, "isPreloading")), T(() => module.prototype.load()), T(() => module.prototype.require()), T(() => module.prototype._compile()), T(() => module.constants), T(() => module._extensions[".js"]()), T(() => new module.SourceMap()), T(() => new module.Module())];
  o.als = [T(() => new AsyncLocalStorage({ name: "n" })), T(() => Object.prototype.toString.call(new AsyncLocalStorage())), T(() => Object.prototype.toString.call(new AsyncResource("x"))), T(() => new AsyncLocalStorage(5)), T(() => AsyncLocalStorage.snapshot().length), T(() => new AsyncResource("x").runInAsyncScope())];
  o.events = [T(() => String(events.kMaxEventTargetListeners)), T(() => String(events.kMaxEventTargetListenersWarned))];
  o.util = [T(() => util.getSystemErrorName(5)), T(() => util.formatWithOptions({ depth: 0 }, "%s", "x", { a: { b: 1 } })), T(() => new util.MIMEType("text/html; a=b")), T(() => new util.MIMEType("text/html; a=b").params), T(() => Object.prototype.toString.call(new util.MIMEType("a/b"))), T(() => util.setTraceSigInt(true)), T(() => util.transferableAbortController().constructor.name)];
  o.process = [T(() => process.emitWarning()), T(() => process.emitWarning("a", 5)), T(() => process.emitWarning("a", []))];
  o.timers = [T(() => scheduler), T(() => scheduler.wait.call({}, 1)), T(() => scheduler.yield.call({}))];
  o.http = [T(() => http.Agent.defaultMaxSockets), T(() => https.globalAgent.options), T(() => new http.Agent({ path: "x", noDelay: false, defaultPort: 5, protocol: "x:" }).options), T(() => new https.Agent({ defaultPort: 5 }).defaultPort), T(() => new http.Agent({ scheduling: "x" })), T(() => new http.Agent({ maxTotalSockets: 0 })), T(() => new http.Agent({ maxTotalSockets: "x" })), T(() => new http.Agent({ maxSockets: 0 }).maxSockets), T(() => new http.Agent().createConnection()), T(() => new http.Agent().keepSocketAlive()), T(() => new https.Agent().getName({ servername: "a", host: "a", ca: "x" })), T(() => new http.IncomingMessage().socket), T(() => { const m = new http.OutgoingMessage(); m._header = "x"; return m._renderHeaders(); }), T(() => new http.OutgoingMessage().write("x"))];
    return Response.json(o);
  },
};
