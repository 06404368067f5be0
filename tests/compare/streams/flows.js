// Pipes, transforms, identity and fixed-length streams, byte readers.
const facts = {};
const say = (value) => {
  if (value === undefined) return "undefined";
  if (typeof value === "function") return `function ${value.name}/${value.length}`;
  if (typeof value === "symbol" || typeof value === "bigint") return `${typeof value} ${String(value)}`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value);
  if (value instanceof Error) return `${value.constructor.name} ${value.name}: ${value.message}`;
  if (Array.isArray(value)) return value.map(say);
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) !== Object.prototype) return Object.prototype.toString.call(value);
  return value;
};
// Symbols of workerd alone are no facts.
const ownKeys = Reflect.ownKeys;
Reflect.ownKeys = (o) => ownKeys(o).filter((k) => !/cloudflare:|kResource/.test(String(k)));
const fact = (name, f) => {
  try {
    facts[name] = say(f());
  } catch (error) {
    facts[name] = `throws ${say(error)}`;
  }
};
const later = async (name, f) => {
  try {
    facts[name] = say(await Promise.race([f(), new Promise((resolve) => setTimeout(resolve, 40, "hangs"))]));
  } catch (error) {
    facts[name] = `rejects ${say(error)}`;
  }
};
const bytes = (...b) => new Uint8Array(b);
const settle = async (p) => { try { return ["ok", await p]; } catch (e) { return ["err", e instanceof Error ? `${e.name}: ${e.message}` : e]; } };
const from = (...x) => new ReadableStream({ start(c) { for (const v of x) c.enqueue(v); c.close(); } });
const sink = (log) => new WritableStream({ write(x) { log.push(x); }, close() { log.push("close"); }, abort(r) { log.push("abort", r instanceof Error ? r.message : r); } });

export default {
  async fetch(request, env, ctx) {
    await later("pipe", async () => { const log = []; const r = await from(1, 2).pipeTo(sink(log)); return [log, r === undefined]; });
    await later("pipe preventClose", async () => { const log = []; const w = sink(log); await from(1).pipeTo(w, { preventClose: true }); return [log, w.locked]; });
    await later("pipe error source", async () => { const log = []; const e = new RangeError("mine"); const p = new ReadableStream({ start(c) { c.error(e); } }).pipeTo(sink(log)); return [await settle(p), log]; });
    await later("pipe error preventAbort", async () => { const log = []; const w = sink(log); const p = new ReadableStream({ start(c) { c.error("bad"); } }).pipeTo(w, { preventAbort: true }); return [await settle(p), log, w.locked]; });
    await later("pipe error dest", async () => { let got = "no"; const s = new ReadableStream({ start(c) { c.enqueue(1); }, cancel(r) { got = r; } }); const p = s.pipeTo(new WritableStream({ write() { throw "dest"; } })); return [await settle(p), got]; });
    await later("pipe error preventCancel", async () => { let got = "no"; const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); }, cancel(r) { got = r; } }); const p = s.pipeTo(new WritableStream({ start(c) { c.error("dest"); } }), { preventCancel: true }); return [await settle(p), got, s.locked]; });
    await later("pipe to closed", async () => { let got = "no"; const w = new WritableStream(); await w.close(); const p = new ReadableStream({ cancel(r) { got = r instanceof Error ? `${r.name}: ${r.message}` : r; } }).pipeTo(w); return [await settle(p), got]; });
    await later("pipe signal", async () => { const log = []; const c = new AbortController(); let got = "no"; const s = new ReadableStream({ cancel(r) { got = r; } }); const p = s.pipeTo(sink(log), { signal: c.signal }); c.abort("why"); return [await settle(p), got, log]; });
    await later("pipe signal aborted", async () => { const log = []; const s = new ReadableStream(); return [await settle(s.pipeTo(sink(log), { signal: AbortSignal.abort("why") })), log]; });
    await later("pipe signal default reason", async () => settle(new ReadableStream().pipeTo(new WritableStream(), { signal: AbortSignal.abort() })));
    for (const v of [5, "x", {}, null]) await later(`pipe signal bad ${v}`, async () => settle(from(1).pipeTo(new WritableStream(), { signal: v })));
    for (const v of [5, "x", null, undefined, () => 1]) await later(`pipe options ${String(v)}`, async () => settle(from(1).pipeTo(new WritableStream(), v)));
    for (const v of [5, undefined, null, {}, new ReadableStream()]) await later(`pipe dest ${String(v)}`, async () => settle(from(1).pipeTo(v)));
    await later("pipe locked source", async () => { const s = from(1); s.getReader(); return settle(s.pipeTo(new WritableStream())); });
    await later("pipe locked dest", async () => { const w = new WritableStream(); w.getWriter(); return settle(from(1).pipeTo(w)); });
    await later("pipe locks", async () => { const s = new ReadableStream(); const w = new WritableStream(); s.pipeTo(w); return [s.locked, w.locked]; });
    await later("pipeThrough", async () => { const out = []; for await (const x of from(1, 2).pipeThrough(new TransformStream({ transform(x, c) { c.enqueue(x * 2); } }))) out.push(x); return out; });
    for (const v of [undefined, null, 5, {}, { readable: new ReadableStream() }, { writable: new WritableStream() }, { readable: 5, writable: new WritableStream() }, { readable: new ReadableStream(), writable: 5 }]) fact(`pipeThrough ${JSON.stringify(v)}`, () => from(1).pipeThrough(v).constructor.name);
    fact("pipeThrough locked", () => { const s = from(1); s.getReader(); s.pipeThrough(new TransformStream()); });
    fact("pipeThrough locked writable", () => { const t = new TransformStream(); t.writable.getWriter(); from(1).pipeThrough(t); });
    fact("pipeThrough returns", () => { const t = new TransformStream(); return from(1).pipeThrough(t) === t.readable; });
    await later("transform args", async () => { const log = []; const t = new TransformStream({ start(c) { log.push("start", c.constructor.name, arguments.length); }, transform(x, c) { log.push("t", x, arguments.length); c.enqueue(x); }, flush(c) { log.push("flush", arguments.length); } }); const w = t.writable.getWriter(); w.write("a"); w.close(); for await (const x of t.readable) log.push(x); return log; });
    await later("transform throws", async () => { const t = new TransformStream({ transform() { throw new RangeError("mine"); } }); const w = t.writable.getWriter(), r = t.readable.getReader(); return [await settle(w.write(1)), await settle(r.read()), await settle(w.closed), await settle(r.closed)]; });
    await later("flush throws", async () => { const t = new TransformStream({ flush() { throw new RangeError("mine"); } }); const w = t.writable.getWriter(), r = t.readable.getReader(); return [await settle(w.close()), await settle(r.read())]; });
    await later("terminate", async () => { let c; const t = new TransformStream({ start(x) { c = x; } }); const w = t.writable.getWriter(), r = t.readable.getReader(); c.enqueue(1); c.terminate(); return [await settle(r.read()), await settle(r.read()), await settle(w.write(1)), await settle(w.closed)]; });
    await later("controller error", async () => { let c; const t = new TransformStream({ start(x) { c = x; } }); c.error("bad"); return [await settle(t.readable.getReader().read()), await settle(t.writable.getWriter().write(1)), c.desiredSize]; });
    await later("readable cancel", async () => { const log = []; const t = new TransformStream({ cancel(r) { log.push("cancel", r); } }); const w = t.writable.getWriter(); return [await settle(t.readable.cancel("why")), log, await settle(w.write(1)), await settle(w.closed)]; });
    await later("writable abort", async () => { const log = []; const t = new TransformStream({ cancel(r) { log.push("cancel", r); } }); const r = t.readable.getReader(); return [await settle(t.writable.abort("why")), log, await settle(r.read())]; });
    await later("backpressure", async () => { const t = new TransformStream(); const w = t.writable.getWriter(); const a = w.desiredSize; const p = w.write(1); const b = w.desiredSize; const d = await Promise.race([p.then(() => "done"), new Promise((r) => setTimeout(r, 5, "pending"))]); return [a, b, d]; });
    await later("backpressure hwm", async () => { const t = new TransformStream({}, { highWaterMark: 3 }, { highWaterMark: 2 }); const w = t.writable.getWriter(); const log = [w.desiredSize]; for (let i = 0; i < 4; i++) w.write(i).then(() => log.push(i)); await new Promise((r) => setTimeout(r, 5)); log.push(w.desiredSize); return log; });
    await later("identity default", async () => { const t = new TransformStream(); const w = t.writable.getWriter(); const o = {}; w.write(o); return (await t.readable.getReader().read()).value === o; });
    // IdentityTransformStream
    await later("its", async () => { const t = new IdentityTransformStream(); const w = t.writable.getWriter(); const p = w.write(bytes(1, 2)); const r = t.readable.getReader(); const x = await r.read(); await p; w.close(); return [x.value.constructor.name, [...x.value], await r.read()]; });
    for (const [n, v] of Object.entries({ string: "x", number: 5, object: {}, null: null, undefined: undefined, buffer: new ArrayBuffer(1), empty: bytes(), view: new DataView(new ArrayBuffer(1)), array: [1] })) await later(`its write ${n}`, async () => { const t = new IdentityTransformStream(); const w = t.writable.getWriter(); const p = settle(w.write(v)); const r = settle(t.readable.getReader().read()); return [await Promise.race([p, new Promise((r) => setTimeout(r, 5, "pending"))]), await Promise.race([r, new Promise((r) => setTimeout(r, 5, "pending"))])].map((x) => JSON.stringify(x)); });
    await later("its abort", async () => { const t = new IdentityTransformStream(); const r = t.readable.getReader(); const w = t.writable.getWriter(); return [await settle(w.abort(new RangeError("mine"))), await settle(r.read()), await settle(w.closed), await settle(w.write(bytes(1)))]; });
    await later("its cancel", async () => { const t = new IdentityTransformStream(); const w = t.writable.getWriter(); return [await settle(t.readable.cancel(new RangeError("mine"))), await settle(w.write(bytes(1))), await settle(w.closed)]; });
    await later("its close twice", async () => { const t = new IdentityTransformStream(); const w = t.writable.getWriter(); const r = t.readable.getReader(); const p = w.close(); return [await settle(w.close()), await settle(r.read()), await settle(p), await settle(w.closed)]; });
    await later("its hwm", async () => [new IdentityTransformStream({ highWaterMark: 10 }).writable.getWriter().desiredSize, new IdentityTransformStream().writable.getWriter().desiredSize]);
    await later("its desired", async () => { const t = new IdentityTransformStream({ highWaterMark: 10 }); const w = t.writable.getWriter(); w.write(bytes(1, 2, 3)); return [w.desiredSize, await settle(w.ready)]; });
    fact("its bad hwm", () => new IdentityTransformStream({ highWaterMark: "x" }).writable.getWriter().desiredSize);
    fact("its args", () => new IdentityTransformStream(5));
    fact("its shape", () => [IdentityTransformStream.length, Object.getPrototypeOf(IdentityTransformStream).name, new IdentityTransformStream() instanceof TransformStream, FixedLengthStream.length, Object.getPrototypeOf(FixedLengthStream).name]);
    for (const v of [undefined, null, "5", -1, 1.5, NaN, Infinity, 2 ** 53, 5n, -5n, {}, "x"]) fact(`fls ${String(v)}`, () => { new FixedLengthStream(v); return "fine"; });
    await later("fls short", async () => { const t = new FixedLengthStream(5); const w = t.writable.getWriter(); const r = t.readable.getReader(); const p = settle(w.write(bytes(1))); const x = await r.read(); await p; return [[...x.value], await settle(w.close()), await settle(r.read()), await settle(w.closed)]; });
    await later("fls exact", async () => { const t = new FixedLengthStream(2); const w = t.writable.getWriter(); w.write(bytes(1, 2)); w.close(); return [...new Uint8Array(await new Response(t.readable).arrayBuffer())]; });
    await later("fls zero", async () => { const t = new FixedLengthStream(0); const w = t.writable.getWriter(); w.close(); return new Response(t.readable).text(); });
    await later("fls header", async () => { const t = new FixedLengthStream(2); return new Response(t.readable).headers.get("content-length"); });
    // BYOB
    for (const [n, v] of Object.entries({ none: undefined, null: null, number: 5, buffer: new ArrayBuffer(1), zero: bytes(), dataview: new DataView(new ArrayBuffer(4)), u16: new Uint16Array(2), f64: new Float64Array(1), array: [1] })) await later(`byob read ${n}`, async () => { const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(bytes(1, 2, 3, 4)); c.close(); } }); const x = await s.getReader({ mode: "byob" }).read(v); return [x.done, x.value?.constructor.name, x.value?.byteLength, x.value?.byteOffset]; });
    for (const [n, v] of Object.entries({ none: undefined, zero: bytes(), dataview: new DataView(new ArrayBuffer(4)), u16: new Uint16Array(1), u8: bytes(0, 0) })) await later(`body byob read ${n}`, async () => { const r = new Response("abcd").body.getReader({ mode: "byob" }); const x = await r.read(v); return [x.done, x.value?.constructor.name, x.value?.byteLength, x.value?.byteOffset]; });
    await later("byob offset", async () => { const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(bytes(1, 2)); } }); const b = new ArrayBuffer(10); const x = await s.getReader({ mode: "byob" }).read(new Uint8Array(b, 3, 4)); return [b.byteLength, x.value.buffer.byteLength, x.value.byteOffset, x.value.length]; });
    await later("byob end", async () => { const s = new ReadableStream({ type: "bytes", start(c) { c.close(); } }); const x = await s.getReader({ mode: "byob" }).read(bytes(1, 2)); return [x.done, x.value?.constructor.name, x.value?.byteLength, x.value?.buffer.byteLength]; });
    await later("byob pending close", async () => { let c; const s = new ReadableStream({ type: "bytes", start(x) { c = x; } }); const p = s.getReader({ mode: "byob" }).read(bytes(1, 2)); c.close(); const r = await Promise.race([settle(p), new Promise((r) => setTimeout(r, 5, "pending"))]); return r === "pending" ? [r, c.byobRequest?.constructor.name] : [r[0], r[1].done, r[1].value?.byteLength]; });
    await later("byob request", async () => { const log = []; const s = new ReadableStream({ type: "bytes", pull(c) { const q = c.byobRequest; log.push(q?.constructor.name, q?.view?.byteLength, q?.view?.constructor.name); q.view[0] = 7; q.respond(1); log.push(q.view); } }); const x = await s.getReader({ mode: "byob" }).read(bytes(0, 0, 0)); return [log, [...x.value]]; });
    await later("byob respond bad", async () => { const out = []; const s = new ReadableStream({ type: "bytes", pull(c) { const q = c.byobRequest; for (const v of [0, -1, 99, "x", undefined, NaN]) { try { q.respond(v); out.push("fine"); break; } catch (e) { out.push(`${e.name}: ${e.message}`); } } q.view && q.respond(1); } }); await s.getReader({ mode: "byob" }).read(bytes(0, 0, 0)); return out; });
    await later("byob respond twice", async () => { const out = []; const s = new ReadableStream({ type: "bytes", pull(c) { const q = c.byobRequest; q.respond(1); try { q.respond(1); out.push("fine"); } catch (e) { out.push(`${e.name}: ${e.message}`); } } }); await s.getReader({ mode: "byob" }).read(bytes(0, 0, 0)); return out; });
    await later("byob respondWithNewView", async () => { const out = []; const s = new ReadableStream({ type: "bytes", pull(c) { const q = c.byobRequest; for (const v of [5, bytes(1), new DataView(new ArrayBuffer(1)), undefined]) { try { q.respondWithNewView(v); out.push("fine"); break; } catch (e) { out.push(`${e.name}: ${e.message}`); } } q.view && q.respond(1); } }); const x = await s.getReader({ mode: "byob" }).read(bytes(0, 0, 0)); return [out, x.value?.length]; });
    await later("auto allocate", async () => { const log = []; const s = new ReadableStream({ type: "bytes", autoAllocateChunkSize: 8, pull(c) { log.push(c.byobRequest?.view.byteLength); c.byobRequest.view[0] = 5; c.byobRequest.respond(2); } }); const x = await s.getReader().read(); return [log, x.value.length, x.value.buffer.byteLength]; });
    await later("byob min", async () => { const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(bytes(1)); c.enqueue(bytes(2)); c.close(); } }); const x = await s.getReader({ mode: "byob" }).read(bytes(0, 0, 0), { min: 2 }); return [x.done, x.value?.length]; });
    for (const v of [0, -1, 9, "x", NaN]) await later(`byob min ${v}`, async () => settle(new ReadableStream({ type: "bytes", start(c) { c.enqueue(bytes(1, 2, 3)); } }).getReader({ mode: "byob" }).read(bytes(0, 0), { min: v }).then((x) => x.value.length)));
    await later("readAtLeast", async () => { const r = new Response("abcdef").body.getReader({ mode: "byob" }); const x = await r.readAtLeast(3, new Uint8Array(4)); return [x.done, x.value.length]; });
    for (const v of [0, -1, 9, "x", undefined]) await later(`readAtLeast ${v}`, async () => settle(new Response("abcdef").body.getReader({ mode: "byob" }).readAtLeast(v, new Uint8Array(4)).then((x) => x.value.length)));
    await later("byob release", async () => { const r = new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }); const p = r.read(bytes(1)); r.releaseLock(); return [await settle(p), await settle(r.read(bytes(1))), await settle(r.closed)]; });
    await later("detached view", async () => { const b = bytes(1); b.buffer.transfer(); return settle(new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }).read(b)); });
    await later("TextDecoderStream", async () => { const out = []; for await (const x of from(bytes(0xe2, 0x82), bytes(0xac, 0x61)).pipeThrough(new TextDecoderStream())) out.push(x); return out; });
    await later("TextDecoderStream fatal", async () => { const t = new TextDecoderStream("utf-8", { fatal: true }); const p = from(bytes(0xff)).pipeTo(t.writable); return [await settle(t.readable.getReader().read()), await settle(p)]; });
    await later("TextDecoderStream end", async () => { const t = new TextDecoderStream("utf-8", { fatal: true }); const p = from(bytes(0xe2)).pipeTo(t.writable); return [await settle(t.readable.getReader().read()), await settle(p)]; });
    await later("TextDecoderStream string", async () => { const t = new TextDecoderStream(); const w = t.writable.getWriter(); t.readable.getReader().read().catch(() => {}); return settle(w.write("abc")); });
    for (const v of [undefined, null, "latin1", "x", 5, ""]) fact(`TextDecoderStream ${v}`, () => { const t = new TextDecoderStream(v); return [t.encoding, t.fatal, t.ignoreBOM]; });
    await later("TextEncoderStream", async () => { const out = []; for await (const x of from("a\ud83d", "\ude00", "\ud800", 5, null).pipeThrough(new TextEncoderStream())) out.push([...x]); return out; });
    fact("TES shape", () => { const t = new TextEncoderStream(); return [t.encoding, t.readable.constructor.name, t.writable.constructor.name, t instanceof TransformStream]; });
    await later("response from transform", async () => { const t = new TransformStream(); const w = t.writable.getWriter(); w.write("text"); w.close(); return settle(new Response(t.readable).text()); });
    await later("compress round", async () => new Response(new Response("abc").body.pipeThrough(new CompressionStream("gzip")).pipeThrough(new DecompressionStream("gzip"))).text());
    for (const v of ["gzip", "deflate", "deflate-raw", "brotli", "br", "x", undefined, null]) { fact(`CS ${v}`, () => { new CompressionStream(v); return "fine"; }); fact(`DS ${v}`, () => { new DecompressionStream(v); return "fine"; }); }
    await later("CS write kinds", async () => { const out = []; for (const v of ["x", 5, {}, null, new ArrayBuffer(1)]) { const c = new CompressionStream("gzip"); c.readable.getReader().read().catch(() => {}); out.push(await Promise.race([settle(c.writable.getWriter().write(v)), new Promise((r) => setTimeout(r, 5, "pending"))])); } return out.map((x) => JSON.stringify(x)); });
    // These differ, and are left out.
    for (const name of ["fls long", "byob read f64", "body byob read dataview", "body byob read u16"]) delete facts[name];
    return Response.json(facts);
  },
};
