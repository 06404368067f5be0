// WritableStream
const facts = {};
const wait = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));
const shown = (v) =>
  v === undefined ? "undefined" : v instanceof Error ? `${v}` : ArrayBuffer.isView(v) ? [v.constructor.name, v.byteLength, String(new Uint8Array(v.buffer, v.byteOffset, v.byteLength))].join(" ")
  : typeof v === "bigint" ? `${v}n` : Array.isArray(v) ? v.map(shown) : typeof v === "object" && v !== null && Object.getPrototypeOf(v) === Object.prototype
  ? Object.fromEntries(Object.entries(v).map(([k, w]) => [k, shown(w)])) : typeof v === "object" && v !== null ? Object.prototype.toString.call(v) : typeof v === "function" ? `function ${v.name}` : v;
const state = (promise) => Promise.race([promise.then((v) => ["ok", shown(v)], (e) => ["error", shown(e)]), wait(2).then(() => "pending")]);
const t = async (name, f) => {
  try {
    facts[name] = await Promise.race([Promise.resolve(f()).then(shown), wait(60).then(() => "hangs")]);
  } catch (e) {
    facts[name] = `throws ${shown(e)}`;
  }
};
const raw = (f) => {
  try {
    return shown(f());
  } catch (e) {
    return `throws ${shown(e)}`;
  }
};
const u8 = (...bytes) => new Uint8Array(bytes);
const enc = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));

export default {
  async fetch() {
    for (const [n, a] of Object.entries({ number: [5], string: ["x"], nul: [null], empty: [{}], type: [{ type: "x" }], typeBytes: [{ type: "bytes" }], start: [{ start: 5 }], write: [{ write: "x" }], close: [{ close: 1 }], abort: [{ abort: null }], hwmNeg: [{}, { highWaterMark: -1 }], startThrows: [{ start() { throw new RangeError("boom"); } }] })) await t(`new ${n}`, () => String(new WritableStream(...a)));
    await t("basic", async () => { const l = []; const s = new WritableStream({ start(c) { l.push(`start ${c}`); }, write(x, c) { l.push(["write", x, String(c)]); }, close() { l.push("close"); }, abort(r) { l.push("abort"); } }); const w = s.getWriter(); l.push(s.locked, w.desiredSize); const p = w.write(1); l.push(w.desiredSize); const q = w.write(2); l.push(w.desiredSize); l.push(await p, await q, w.desiredSize, await w.close(), w.desiredSize, await state(w.closed), await state(w.ready)); return l; });
    await t("order", async () => { const l = []; const s = new WritableStream({ start() { l.push("start"); }, write(x) { l.push(`write${x}`); } }); const w = s.getWriter(); w.write(1).then(() => l.push("done1")); l.push("sync"); w.write(2).then(() => l.push("done2")); w.close().then(() => l.push("closed")); w.closed.then(() => l.push("closedP")); w.ready.then(() => l.push("ready")); await wait(); return l; });
    await t("write after close", async () => { const s = new WritableStream(); const w = s.getWriter(); const c = w.close(); return [await state(w.write(1)), await state(c), await state(w.write(2)), await state(w.close()), w.desiredSize, await state(w.abort("x"))]; });
    await t("close twice", async () => { const s = new WritableStream({ close() { return wait(); } }); const w = s.getWriter(); const c = w.close(); return [await state(w.close()), await state(c)]; });
    await t("stream close", async () => { const l = []; const s = new WritableStream({ close() { l.push("close"); } }); l.push(await state(s.close()), await state(s.close()), await state(s.abort())); return l; });
    await t("stream close locked", async () => { const s = new WritableStream(); s.getWriter(); return [await state(s.close()), await state(s.abort())]; });
    await t("getWriter twice", () => { const s = new WritableStream(); s.getWriter(); s.getWriter(); });
    await t("writer ctor", () => { const s = new WritableStream(); const w = new WritableStreamDefaultWriter(s); return [String(w), s.locked]; });
    await t("writer ctor locked", () => { const s = new WritableStream(); s.getWriter(); new WritableStreamDefaultWriter(s); });
    await t("abort", async () => { const l = []; let c; const s = new WritableStream({ start(x) { c = x; l.push(String(c.signal), c.signal.aborted); }, abort(r) { l.push(["abort", r, c.signal.aborted, c.signal.reason]); } }); const w = s.getWriter(); l.push(await state(w.abort("why")), w.desiredSize === null, await state(w.closed), await state(w.ready), await state(w.write(1)), await state(w.close()), await state(w.abort("again"))); return l; });
    await t("abort undefined", async () => { const s = new WritableStream(); const w = s.getWriter(); return [await state(w.abort()), await state(w.closed), await state(w.write(1))]; });
    await t("abort pending writes", async () => { let go; const l = []; const s = new WritableStream({ write(x) { l.push(x); return new Promise((r) => (go = r)); }, abort(r) { l.push(`abort ${r}`); } }); const w = s.getWriter(); const a = w.write(1), b = w.write(2); await wait(); const p = w.abort("r"); l.push(await state(p), await state(b), await state(a)); go(); l.push(await state(p), await state(a), await state(b), await state(w.closed)); return l; });
    await t("write throws", async () => { const s = new WritableStream({ write() { throw new Error("w"); } }); const w = s.getWriter(); const a = w.write(1), b = w.write(2); return [await state(a), await state(b), await state(w.closed), await state(w.ready), raw(() => w.desiredSize), await state(w.write(3)), await state(w.close())]; });
    await t("write rejects", async () => { const s = new WritableStream({ async write() { throw new Error("w"); } }); const w = s.getWriter(); return [await state(w.write(1)), await state(w.closed), await state(w.abort("x"))]; });
    await t("close throws", async () => { const s = new WritableStream({ close() { throw new Error("c"); } }); const w = s.getWriter(); return [await state(w.close()), await state(w.closed)]; });
    await t("abort throws", async () => { const s = new WritableStream({ abort() { throw new Error("a"); } }); const w = s.getWriter(); return [await state(w.abort("z")), await state(w.closed)]; });
    await t("start rejects", async () => { const s = new WritableStream({ async start() { throw new Error("s"); } }); const w = s.getWriter(); return [await state(w.write(1)), await state(w.closed), await state(w.ready)]; });
    await t("start slow", async () => { const l = []; const s = new WritableStream({ async start() { await wait(); l.push("started"); }, write(x) { l.push(x); } }); const w = s.getWriter(); await w.write(1); l.push("written"); return l; });
    await t("controller error", async () => { let c; const s = new WritableStream({ start(x) { c = x; } }); const w = s.getWriter(); c.error(new Error("ce")); return [await state(w.write(1)), await state(w.closed), await state(w.ready), raw(() => w.desiredSize), await state(w.close()), await state(w.abort("q"))]; });
    await t("release", async () => { const s = new WritableStream(); const w = s.getWriter(); const c = w.closed; w.releaseLock(); w.releaseLock(); return [s.locked, await state(c), await state(w.closed), await state(w.ready), await state(w.write(1)), await state(w.close()), await state(w.abort()), raw(() => w.desiredSize)]; });
    await t("release pending write", async () => { const l = []; const s = new WritableStream({ async write(x) { await wait(); l.push(x); } }); const w = s.getWriter(); const p = w.write(1); w.releaseLock(); l.push(await state(p)); await wait(5); const w2 = s.getWriter(); await w2.write(2); l.push(await state(p)); return l; });
    await t("backpressure ready", async () => { let go; const l = []; const s = new WritableStream({ write() { return new Promise((r) => (go = r)); } }); const w = s.getWriter(); l.push(await state(w.ready)); const p = w.write(1); l.push(await state(w.ready), w.desiredSize); go(); l.push(await state(p), await state(w.ready), w.desiredSize); return l; });
    await t("hwm", async () => { const s = new WritableStream({ write() { return wait(); } }, { highWaterMark: 5, size: (x) => x.length }); const w = s.getWriter(); const l = [w.desiredSize]; const p = w.write("abc"); l.push(w.desiredSize); w.write("defg"); l.push(w.desiredSize, await state(w.ready)); await p; await wait(3); l.push(w.desiredSize); return l; });
    await t("hwm 0", async () => { const s = new WritableStream({}, { highWaterMark: 0 }); const w = s.getWriter(); return [w.desiredSize, await state(w.ready), await state(w.write(1))]; });
    await t("size throws", async () => { const s = new WritableStream({}, { size() { throw new Error("sz"); } }); const w = s.getWriter(); return [await state(w.write(1)), await state(w.closed)]; });
    await t("sink this", async () => { const l = []; const sink = { v: 3, start() { l.push(this === sink); }, write() { l.push(this === sink); }, close() { l.push(this.v); } }; const w = new WritableStream(sink).getWriter(); await w.write(1); await w.close(); return l; });
    await t("abort during close", async () => { let go; const l = []; const s = new WritableStream({ close() { return new Promise((r) => (go = r)); }, abort() { l.push("abort"); } }); const w = s.getWriter(); const c = w.close(); await wait(); const a = w.abort("x"); go(); l.push(await state(c), await state(a), await state(w.closed)); return l; });
    await t("abort queued close", async () => { let go; const l = []; const s = new WritableStream({ write() { return new Promise((r) => (go = r)); }, abort() { l.push("abort"); }, close() { l.push("close"); } }); const w = s.getWriter(); const p = w.write(1), c = w.close(); await wait(); const a = w.abort("x"); go(); l.push(await state(p), await state(c), await state(a), await state(w.closed)); return l; });
    await t("write undefined", async () => { const l = []; const w = new WritableStream({ write(x) { l.push(x); } }).getWriter(); await w.write(); await w.write(null); return l; });
    await t("stream abort unlocked", async () => { const l = []; const s = new WritableStream({ abort(r) { l.push(r); } }); l.push(await state(s.abort("a")), await state(s.abort("b"))); const w = s.getWriter(); l.push(await state(w.closed), await state(w.ready)); return l; });
    await t("getWriter closed", async () => { const s = new WritableStream(); await s.close(); const w = s.getWriter(); return [await state(w.closed), await state(w.ready), w.desiredSize]; });
    await t("closed promise same", () => { const w = new WritableStream().getWriter(); return [w.closed === w.closed, w.ready === w.ready]; });
    await t("strategies", () => [new CountQueuingStrategy({ highWaterMark: 3 }).highWaterMark, new CountQueuingStrategy({ highWaterMark: 3 }).size("abc"), new ByteLengthQueuingStrategy({ highWaterMark: 3 }).size(new Uint8Array(4)), new ByteLengthQueuingStrategy({ highWaterMark: 3 }).size.name, new CountQueuingStrategy({ highWaterMark: 3 }).size.length]);
    await t("strategies odd", () => [raw(() => new CountQueuingStrategy({ highWaterMark: -3 }).highWaterMark), raw(() => new CountQueuingStrategy({ highWaterMark: "x" }).highWaterMark), raw(() => new CountQueuingStrategy({}).highWaterMark), raw(() => new ByteLengthQueuingStrategy({ highWaterMark: 1.5 }).highWaterMark), raw(() => new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size("abc")), raw(() => new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size()), raw(() => new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size({ byteLength: 5 })), raw(() => new ByteLengthQueuingStrategy(5)), raw(() => new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size(new ArrayBuffer(7)))]);
    return Response.json(facts);
  },
};
