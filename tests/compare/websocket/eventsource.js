// EventSource: arguments, events of a stream taken apart.
const err = async (f) => { try { const r = await f(); return ["ok", r === undefined ? "undefined" : r]; } catch (e) { return `${e.constructor.name} ${e.name}: ${e.message}` + (e.code !== undefined ? ` (${e.code})` : ""); } };
export default { async fetch() {
  const out = {};
  out.es = [];
  const es = async (n, f) => out.es.push([n, await err(f)]);
  await es("none", () => new EventSource()); await es("bad", () => new EventSource("x")); await es("state", () => { const e = new EventSource("http://127.0.0.1:1/"); e.onerror = () => {}; const r = [e.readyState, e.url, e.withCredentials, e.onopen, e.onmessage, typeof e.onerror, String(e)]; e.close(); r.push(e.readyState); return JSON.stringify(r); });
  await es("from bad", () => EventSource.from("x")); await es("from none", () => EventSource.from());
  await es("init", () => { const e = new EventSource("http://127.0.0.1:1/", { withCredentials: true }); e.onerror = () => {}; e.close(); return e.withCredentials; });
  await es("init2", () => { const e = new EventSource("http://127.0.0.1:1/", 5); });
  await es("fetcher", () => { const e = new EventSource("http://127.0.0.1:1/", { fetcher: {} }); });
  const text = "\ufeff: c\nevent: foo\nid: 7\ndata: a\ndata: b\n\ndata\n\ndata:  two\r\n\r\nretry: 10\nid: x\u0000y\ndata: three\r\rid\ndata: four\n\nevent: e\n\nfoo: bar\ndata: {\"a\":1}\n\nid: 9\ndata: unfinished\n";
  const stream = (parts) => new ReadableStream({ start(c) { for (const p of parts) c.enqueue(typeof p === "string" ? new TextEncoder().encode(p) : p); c.close(); } });
  const collect = async (s) => { const l = []; const e = EventSource.from(s); l.push([e.readyState, e.url, e.withCredentials]); e.onopen = (x) => l.push(["open", e.readyState, x.constructor.name]); e.onmessage = (x) => l.push(["msg", x.data, x.lastEventId, x.origin, x.type, x.constructor.name]); e.addEventListener("foo", (x) => l.push(["foo", x.data, x.lastEventId])); e.onerror = (x) => l.push(["error", e.readyState, x.constructor.name, x.message]); await scheduler.wait(20); l.push(e.readyState); return JSON.stringify(l); };
  await es("parse", () => collect(stream([text])));
  await es("chunks", () => collect(stream([...new TextEncoder().encode("data: é\r\n\r\ndata: b\n\n")].map((b) => new Uint8Array([b])))));
  await es("closed", async () => { const e = EventSource.from(stream(["data: 1\n\n"])); const l = []; e.onmessage = (x) => { l.push(x.data); e.close(); }; await scheduler.wait(10); return JSON.stringify([l, e.readyState]); });
  await es("set", () => { const e = EventSource.from(stream([])); const r = [5, null, {}, "x", undefined, () => 1].map((v) => { try { e.onopen = v; return String(e.onopen); } catch (x) { return x.message; } }); return JSON.stringify(r); });
  return Response.json(out); } };
