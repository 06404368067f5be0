// Streams: controllers, readers, writers and pipes at their edges, states after errors, orders.
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

export default {
  async fetch(request, env, ctx) {
    for (const v of [undefined, null, 5, "x", [], () => 1, true, Symbol("q")]) { fact(`RS source ${String(v)}`, () => new ReadableStream(v).locked); fact(`WS sink ${String(v)}`, () => new WritableStream(v).locked); fact(`TS transformer ${String(v)}`, () => typeof new TransformStream(v).readable); fact(`RS strategy ${String(v)}`, () => new ReadableStream({}, v).locked); fact(`WS strategy ${String(v)}`, () => new WritableStream({}, v).locked); }
    for (const v of [-1, NaN, Infinity, "x", "5", null, undefined, {}, 0, 1n, Symbol("q")]) { fact(`RS hwm ${String(v)}`, () => { let d; new ReadableStream({ start(c) { d = c.desiredSize; } }, { highWaterMark: v }); return d; }); fact(`WS hwm ${String(v)}`, () => new WritableStream({}, { highWaterMark: v }).getWriter().desiredSize); fact(`CQS ${String(v)}`, () => new CountQueuingStrategy({ highWaterMark: v }).highWaterMark); fact(`RS byte hwm ${String(v)}`, () => { let d; new ReadableStream({ type: "bytes", start(c) { d = c.desiredSize; } }, { highWaterMark: v }); return d; }); }
    for (const v of [undefined, null, 5, {}, "x"]) fact(`size ${String(v)}`, () => new ReadableStream({}, { size: v }).locked);
    await later("size results", async () => { const out = []; for (const s of [undefined, null, -1, NaN, Infinity, "2", {}, 0, 3.5]) { let c; new ReadableStream({ start(x) { c = x; } }, { size: () => s, highWaterMark: 10 }); try { c.enqueue("a"); out.push(c.desiredSize); } catch (e) { out.push(`${e.name}: ${e.message}`); } } return out; });
    await later("size throws", async () => { let c; const r = new ReadableStream({ start(x) { c = x; } }, { size() { throw new RangeError("mine"); } }); try { c.enqueue("a"); } catch (e) { return [e.message, await settle(r.getReader().read())]; } });
    for (const v of ["bytes", "BYTES", "x", null, undefined, "", 5, "owning"]) fact(`type ${v}`, () => { let n; new ReadableStream({ type: v, start(c) { n = c.constructor.name; } }); return n; });
    for (const v of [0, 1, -1, 1.5, "5", NaN, null, undefined, 2 ** 40]) fact(`autoAllocate ${v}`, () => { new ReadableStream({ type: "bytes", autoAllocateChunkSize: v }); return "fine"; });
    fact("bytes with size", () => new ReadableStream({ type: "bytes" }, { size: () => 1 }).locked);
    fact("WS type", () => new WritableStream({ type: "bytes" }).locked);
    fact("TS readableType", () => typeof new TransformStream({ readableType: "bytes" }).readable);
    fact("TS writableType", () => typeof new TransformStream({ writableType: "bytes" }).readable);
    for (const k of ["start", "pull", "cancel"]) for (const v of [null, 5, {}]) fact(`RS ${k} ${String(v)}`, () => new ReadableStream({ [k]: v }).locked);
    for (const k of ["start", "write", "close", "abort"]) for (const v of [null, 5, {}]) fact(`WS ${k} ${String(v)}`, () => new WritableStream({ [k]: v }).locked);
    for (const k of ["start", "transform", "flush", "cancel"]) for (const v of [null, 5, {}]) fact(`TS ${k} ${String(v)}`, () => typeof new TransformStream({ [k]: v }).readable);
    await later("start throws", async () => new ReadableStream({ start() { throw new RangeError("mine"); } }));
    await later("WS start throws", async () => new WritableStream({ start() { throw new RangeError("mine"); } }));
    await later("TS start throws", async () => new TransformStream({ start() { throw new RangeError("mine"); } }));
    await later("start rejects", async () => settle(new ReadableStream({ async start() { throw new RangeError("mine"); } }).getReader().read()));
    await later("start rejects closed", async () => settle(new ReadableStream({ async start() { throw "why"; } }).getReader().closed));
    await later("WS start rejects", async () => { const w = new WritableStream({ async start() { throw new RangeError("mine"); } }).getWriter(); return [await settle(w.ready), await settle(w.closed), await settle(w.write(1))]; });
    await later("pull throws", async () => settle(new ReadableStream({ pull() { throw new RangeError("mine"); } }).getReader().read()));
    await later("pull this args", async () => { const s = { pull(c) { c.enqueue([this === s, arguments.length]); c.close(); } }; return (await new ReadableStream(s).getReader().read()).value; });
    await later("cancel reason", async () => { let got; const s = new ReadableStream({ cancel(r) { got = [r, arguments.length]; return "ignored"; } }); return [await settle(s.cancel("why")), got]; });
    await later("cancel undefined", async () => { let got = "unset"; const s = new ReadableStream({ cancel(r) { got = r; } }); await s.cancel(); return got; });
    await later("cancel throws", async () => settle(new ReadableStream({ cancel() { throw new RangeError("mine"); } }).cancel()));
    await later("cancel closed", async () => settle(new ReadableStream({ start(c) { c.close(); } }).cancel("x")));
    await later("cancel errored", async () => settle(new ReadableStream({ start(c) { c.error("bad"); } }).cancel("x")));
    await later("cancel locked", async () => { const s = new ReadableStream(); s.getReader(); return settle(s.cancel()); });
    await later("cancel then read", async () => { const s = new ReadableStream({ start(c) { c.enqueue(1); } }); const r = s.getReader(); const p = r.cancel("x"); return [await settle(p), await settle(r.read()), await settle(r.closed)]; });
    await later("cancel pending read", async () => { const s = new ReadableStream(); const r = s.getReader(); const p = r.read(); await r.cancel(); return settle(p); });
    await later("enqueue after error", async () => { let c; new ReadableStream({ start(x) { c = x; } }); c.error("bad"); const out = []; for (const f of [() => c.enqueue(1), () => c.close(), () => c.error("x")]) { try { out.push(String(f())); } catch (e) { out.push(`${e.name}: ${e.message}`); } } return [out, c.desiredSize]; });
    await later("byte enqueue kinds", async () => { const out = []; for (const v of [5, "x", null, undefined, {}, new ArrayBuffer(1), bytes(), bytes(1), new DataView(new ArrayBuffer(1)), new Float64Array(1), new ArrayBuffer(0)]) { let c; new ReadableStream({ type: "bytes", start(x) { c = x; } }); try { c.enqueue(v); out.push(c.desiredSize); } catch (e) { out.push(`${e.name}: ${e.message}`); } } return out; });
    await later("byte enqueue detaches", async () => { const a = bytes(1, 2); new ReadableStream({ type: "bytes", start(c) { c.enqueue(a); } }); return [a.byteLength, a.buffer.byteLength, a.buffer.detached]; });
    for (const v of [undefined, null, {}, { mode: undefined }, { mode: "byob" }, { mode: "BYOB" }, { mode: null }, { mode: "x" }, 5, "byob"]) { fact(`getReader ${JSON.stringify(v)}`, () => new ReadableStream().getReader(v).constructor.name); fact(`bytes getReader ${JSON.stringify(v)}`, () => new ReadableStream({ type: "bytes" }).getReader(v).constructor.name); fact(`body getReader ${JSON.stringify(v)}`, () => new Response("x").body.getReader(v).constructor.name); }
    fact("getReader twice", () => { const s = new ReadableStream(); s.getReader(); s.getReader(); });
    fact("new reader locked", () => { const s = new ReadableStream(); s.getReader(); return new ReadableStreamDefaultReader(s); });
    for (const v of [undefined, null, 5, {}, new WritableStream()]) { fact(`new DefaultReader ${String(v)}`, () => new ReadableStreamDefaultReader(v)); fact(`new BYOBReader ${String(v)}`, () => new ReadableStreamBYOBReader(v)); fact(`new Writer ${String(v)}`, () => new WritableStreamDefaultWriter(v).constructor.name); }
    fact("new BYOBReader default stream", () => new ReadableStreamBYOBReader(new ReadableStream()));
    await later("release pending", async () => { const r = new ReadableStream().getReader(); const p = r.read(); r.releaseLock(); return [await settle(p), await settle(r.closed), await settle(r.read()), await settle(r.cancel())]; });
    await later("release twice", async () => { const r = new ReadableStream().getReader(); r.releaseLock(); return r.releaseLock(); });
    await later("release then relock", async () => { const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close(); } }); const r = s.getReader(); const a = await r.read(); r.releaseLock(); const q = s.getReader(); return [a, await q.read(), await q.read(), s.locked]; });
    await later("closed promises", async () => { const s = new ReadableStream({ start(c) { c.close(); } }); const r = s.getReader(); return [r.closed === r.closed, await settle(r.closed)]; });
    await later("reader read shape", async () => { const s = new ReadableStream({ start(c) { c.enqueue(1); c.close(); } }); const r = s.getReader(); const x = await r.read(), y = await r.read(); return [Object.keys(x), x, Object.keys(y), "value" in y]; });
    await later("tee both", async () => { const s = new ReadableStream({ start(c) { c.enqueue({ a: 1 }); c.close(); } }); const [a, b] = s.tee(); const x = await a.getReader().read(), y = await b.getReader().read(); return [x.value === y.value, s.locked]; });
    await later("tee bytes", async () => { const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(bytes(1)); c.close(); } }); const [a, b] = s.tee(); const x = await a.getReader().read(), y = await b.getReader().read(); return [x.value.buffer === y.value.buffer, [...y.value]]; });
    await later("tee cancel one", async () => { let got = "no"; const s = new ReadableStream({ start(c) { c.enqueue(1); }, cancel(r) { got = r; } }); const [a, b] = s.tee(); const p = a.cancel("x"); const r = await Promise.race([p.then(() => "done"), new Promise((r) => setTimeout(r, 5, "pending"))]); return [r, got]; });
    await later("tee cancel both", async () => { let got = "no"; const s = new ReadableStream({ cancel(r) { got = r; } }); const [a, b] = s.tee(); await Promise.all([a.cancel("x"), b.cancel("y")]); return got; });
    await later("tee error", async () => { let c; const s = new ReadableStream({ start(x) { c = x; } }); const [a, b] = s.tee(); c.error(new RangeError("mine")); return [await settle(a.getReader().read()), await settle(b.getReader().read())]; });
    fact("tee locked", () => { const s = new ReadableStream(); s.getReader(); s.tee(); });
    await later("body tee kinds", async () => { const [a, b] = new Response("abc").body.tee(); return [a.constructor.name, await new Response(a).text(), (await b.getReader().read()).value.constructor.name]; });
    await later("async iter", async () => { const out = []; for await (const x of new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close(); } })) out.push(x); return out; });
    await later("async iter break", async () => { let got = "no"; const s = new ReadableStream({ start(c) { c.enqueue(1); }, cancel(r) { got = r === undefined ? "undefined" : r; } }); for await (const x of s) break; return [got, s.locked]; });
    await later("async iter throw", async () => { let got = "no"; const s = new ReadableStream({ start(c) { c.enqueue(1); }, cancel(r) { got = String(r); } }); try { for await (const x of s) throw new Error("mine"); } catch (e) { return [e.message, got, s.locked]; } });
    await later("async iter preventCancel", async () => { let got = "no"; const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); }, cancel() { got = "cancelled"; } }); for await (const x of s.values({ preventCancel: true })) break; return [got, s.locked, (await s.getReader().read()).value]; });
    await later("async iter error", async () => { try { for await (const x of new ReadableStream({ start(c) { c.error(new RangeError("mine")); } })); } catch (e) { return e.message; } });
    await later("async iter object", async () => { const s = new ReadableStream({ start(c) { c.enqueue(1); c.close(); } }); const i = s.values(); const p = Object.getPrototypeOf(i); return [Object.prototype.toString.call(i), Reflect.ownKeys(p).map(String).sort(), s.locked, await i.next(), await i.next(), await i.next(), s.locked, await i.return("q")]; });
    await later("async iter return early", async () => { const s = new ReadableStream({ start(c) { c.enqueue(1); } }); const i = s.values(); return [await i.return("why"), await i.next(), s.locked]; });
    fact("iter same", () => [ReadableStream.prototype.values === ReadableStream.prototype[Symbol.asyncIterator], ReadableStream.prototype.values.name, ReadableStream.prototype.values.length]);
    fact("values locked", () => { const s = new ReadableStream(); s.getReader(); s.values(); });
    fact("iter this", () => ReadableStream.prototype.values.call({}));
    await later("RS.from array", async () => { const out = []; for await (const x of ReadableStream.from(["a", Promise.resolve("b")])) out.push(x); return out; });
    await later("RS.from string", async () => { const out = []; for await (const x of ReadableStream.from("ab")) out.push(x); return out; });
    for (const v of [undefined, null, 5, {}]) fact(`RS.from ${v}`, () => ReadableStream.from(v));
    await later("RS.from gen cancel", async () => { let fin = false; const s = ReadableStream.from((async function* () { try { yield 1; yield 2; } finally { fin = true; } })()); const r = s.getReader(); await r.read(); await r.cancel("x"); return fin; });
    await later("RS.from throws", async () => settle(ReadableStream.from((function* () { throw new RangeError("mine"); })()).getReader().read()));
    // writers
    await later("writer states", async () => { const w = new WritableStream({}, { highWaterMark: 2 }).getWriter(); const a = w.desiredSize; const p = w.write("a"); const b = w.desiredSize; await p; const c = w.desiredSize; const q = w.close(); const d = w.desiredSize; await q; return [a, b, c, d, w.desiredSize, await settle(w.closed), await settle(w.ready)]; });
    await later("write after close", async () => { const w = new WritableStream().getWriter(); w.close(); return [await settle(w.write(1)), await settle(w.close())]; });
    await later("write after closed", async () => { const w = new WritableStream().getWriter(); await w.close(); return [await settle(w.write(1)), await settle(w.close()), await settle(w.abort("x"))]; });
    await later("write error", async () => { const w = new WritableStream({ write() { throw new RangeError("mine"); } }).getWriter(); return [await settle(w.write(1)), await settle(w.write(2)), await settle(w.close()), await settle(w.closed), await settle(w.ready), w.desiredSize]; });
    await later("close error", async () => { const w = new WritableStream({ close() { throw new RangeError("mine"); } }).getWriter(); return [await settle(w.close()), await settle(w.closed)]; });
    await later("abort", async () => { let got; const w = new WritableStream({ abort(r) { got = r; } }).getWriter(); return [await settle(w.abort("why")), got, await settle(w.write(1)), await settle(w.closed), await settle(w.ready), w.desiredSize]; });
    await later("abort undefined", async () => { let got = "unset"; const w = new WritableStream({ abort(r) { got = r; } }).getWriter(); await w.abort(); return [got, await settle(w.closed)]; });
    await later("abort throws", async () => { const w = new WritableStream({ abort() { throw new RangeError("mine"); } }).getWriter(); return [await settle(w.abort("why")), await settle(w.closed)]; });
    await later("abort twice", async () => { const w = new WritableStream().getWriter(); const p = w.abort("a"), q = w.abort("b"); return [await settle(p), await settle(q), await settle(w.closed)]; });
    await later("abort pending write", async () => { const w = new WritableStream({ write: () => new Promise(() => {}) }).getWriter(); await w.ready; w.write(1).catch(() => {}); const p = w.write(2); w.abort("why"); return settle(p); });
    await later("abort signal", async () => { let s; const w = new WritableStream({ start(c) { s = c.signal; } }).getWriter(); const before = s.aborted; w.abort("why"); return [before, s.aborted, s.reason, s.constructor.name]; });
    await later("controller error", async () => { let c; const w = new WritableStream({ start(x) { c = x; } }).getWriter(); await w.ready; c.error("bad"); return [await settle(w.write(1)), await settle(w.closed), w.desiredSize]; });
    await later("WS abort locked", async () => { const s = new WritableStream(); s.getWriter(); return [await settle(s.abort()), await settle(s.close())]; });
    await later("WS close unlocked", async () => { const s = new WritableStream(); return [await settle(s.close()), await settle(s.close())]; });
    fact("getWriter twice", () => { const s = new WritableStream(); s.getWriter(); s.getWriter(); });
    await later("writer release", async () => { const s = new WritableStream(); const w = s.getWriter(); const p = w.closed; w.releaseLock(); return [s.locked, await settle(p), await settle(w.closed), await settle(w.ready), await settle(w.write(1)), await settle(w.close()), await settle(w.abort()), (() => { try { return w.desiredSize; } catch (e) { return `${e.name}: ${e.message}`; } })()]; });
    await later("sink args", async () => { const log = []; const w = new WritableStream({ start(c) { log.push("start", c.constructor.name); }, write(x, c) { log.push("write", x, c.constructor.name, arguments.length); }, close() { log.push("close", arguments.length); } }).getWriter(); w.write(1); await w.close(); return log; });
    await later("write order", async () => { const log = []; const w = new WritableStream({ async write(x) { log.push(`s${x}`); await null; log.push(`e${x}`); } }).getWriter(); w.write(1).then(() => log.push("d1")); w.write(2).then(() => log.push("d2")); w.close().then(() => log.push("c")); await w.closed; log.push("closed"); return log; });
    return Response.json(facts);
  },
};
