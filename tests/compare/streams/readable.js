// ReadableStream
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
    await t("locked", () => { const s = new ReadableStream(); const r = s.getReader(); const l = [s.locked]; r.releaseLock(); l.push(s.locked); return l; });
    await t("getReader twice", () => { const s = new ReadableStream(); s.getReader(); s.getReader(); });
    await t("getReader byob default stream", () => { const s = new ReadableStream(); s.getReader({ mode: "byob" }); });
    await t("getReader bad mode", () => { const s = new ReadableStream(); s.getReader({ mode: "x" }); });
    await t("getReader mode undefined", () => String(new ReadableStream().getReader({ mode: undefined })));
    await t("getReader null", () => String(new ReadableStream().getReader(null)));
    await t("getReader number", () => String(new ReadableStream().getReader(5)));
    await t("reader ctor", () => { const s = new ReadableStream(); const r = new ReadableStreamDefaultReader(s); return [String(r), s.locked]; });
    await t("reader ctor locked", () => { const s = new ReadableStream(); s.getReader(); new ReadableStreamDefaultReader(s); });
    await t("byob reader ctor", () => { const s = new ReadableStream({type:"bytes"}); const r = new ReadableStreamBYOBReader(s); return [String(r), s.locked]; });
    await t("byob reader ctor default", () => { const s = new ReadableStream(); new ReadableStreamBYOBReader(s); });
    await t("reader ctor wrong", () => new ReadableStreamDefaultReader({}));
    for (const [n, a] of Object.entries({ number: [5], string: ["x"], nul: [null], undef: [undefined], empty: [{}], type: [{ type: "x" }], typeEmpty: [{ type: "" }], typeNull: [{ type: null }], start: [{ start: 5 }], pull: [{ pull: "x" }], cancel: [{ cancel: 1 }], startNull: [{ start: null }], hwmNeg: [{}, { highWaterMark: -1 }], hwmNaN: [{}, { highWaterMark: NaN }], hwmInf: [{}, { highWaterMark: Infinity }], hwmStr: [{}, { highWaterMark: "3" }], size: [{}, { size: 5 }], bytesSize: [{ type: "bytes" }, { size() { return 1; } }], strategyNull: [{}, null], strategyNum: [{}, 4], auto0: [{ type: "bytes", autoAllocateChunkSize: 0 }], autoNeg: [{ type: "bytes", autoAllocateChunkSize: -1 }], startThrows: [{ start() { throw new RangeError("boom"); } }] })) await t(`new ${n}`, () => String(new ReadableStream(...a)));
    await t("desiredSize", () => { const l = []; new ReadableStream({ start(c) { l.push(c.desiredSize); c.enqueue(1); l.push(c.desiredSize); c.enqueue(1); l.push(c.desiredSize); c.close(); l.push(c.desiredSize); } }); return l; });
    await t("desiredSize hwm", () => { const l = []; new ReadableStream({ start(c) { l.push(c.desiredSize); c.enqueue("abc"); l.push(c.desiredSize); c.error(1); l.push(c.desiredSize); } }, { highWaterMark: 10, size: (x) => x.length }); return l; });
    await t("desiredSize closed empty", () => { const l = []; new ReadableStream({ start(c) { c.close(); l.push(c.desiredSize); } }); return l; });
    await t("desiredSize bytes", () => { const l = []; new ReadableStream({ type: "bytes", start(c) { l.push(c.desiredSize); c.enqueue(new Uint8Array(3)); l.push(c.desiredSize); } }); return l; });
    await t("desiredSize bytes hwm", () => { const l = []; new ReadableStream({ type: "bytes", start(c) { l.push(c.desiredSize); c.enqueue(new Uint8Array(3)); l.push(c.desiredSize); } }, { highWaterMark: 8 }); return l; });
    await t("ctor name", () => { const l = []; new ReadableStream({ start(c) { l.push(c.constructor.name, String(c)); } }); new ReadableStream({ type: "bytes", start(c) { l.push(c.constructor.name, String(c), c.byobRequest); } }); return l; });
    await t("pull order", async () => { const l = []; const s = new ReadableStream({ start(c) { l.push("start"); }, pull(c) { l.push("pull"); c.enqueue(l.length); } }); l.push("made"); await 1; l.push("tick1"); await 1; l.push("tick2"); await wait(); l.push("later"); const r = s.getReader(); l.push(await r.read()); l.push("read"); await wait(); l.push("end"); return l; });
    await t("pull hwm 0", async () => { const l = []; const s = new ReadableStream({ pull(c) { l.push("pull"); c.enqueue(l.length); } }, { highWaterMark: 0 }); await wait(); const r = s.getReader(); l.push(await r.read(), await r.read()); await wait(); return l; });
    await t("pull hwm 3", async () => { const l = []; const s = new ReadableStream({ pull(c) { l.push(["pull", c.desiredSize]); c.enqueue(l.length); } }, { highWaterMark: 3 }); await wait(); const r = s.getReader(); l.push(await r.read()); await wait(); return l; });
    await t("start async", async () => { const l = []; const s = new ReadableStream({ async start(c) { l.push("start"); await wait(); l.push("started"); }, pull(c) { l.push("pull"); c.enqueue(1); c.close(); } }); const r = s.getReader(); l.push(await r.read(), await r.read()); return l; });
    await t("start rejects", async () => { const s = new ReadableStream({ async start(c) { throw new Error("nope"); } }); const r = s.getReader(); return [await state(r.read()), await state(r.closed)]; });
    await t("pull throws", async () => { const s = new ReadableStream({ pull(c) { throw new Error("nope"); } }); const r = s.getReader(); return [await state(r.read()), await state(r.closed)]; });
    await t("pull rejects", async () => { const s = new ReadableStream({ async pull(c) { throw new Error("nope"); } }); const r = s.getReader(); return [await state(r.read()), await state(r.closed)]; });
    await t("pull this", async () => { const src = { x: 7, start() { l.push(this.x); }, pull(c) { l.push(this === src, this.x); c.close(); }, cancel() { l.push(this.x); } }; const l = []; const s = new ReadableStream(src); await s.getReader().read(); const s2 = new ReadableStream({...src, pull(){}}); await s2.cancel(); return l; });
    await t("read results", async () => { const s = new ReadableStream({ start(c) { c.enqueue("a"); c.enqueue(undefined); c.enqueue(null); c.close(); } }); const r = s.getReader(); return [await r.read(), await r.read(), await r.read(), await r.read(), await r.read(), Object.keys(await r.read()), Object.getPrototypeOf(await r.read()) === Object.prototype]; });
    await t("enqueue after close", () => new ReadableStream({ start(c) { c.close(); c.enqueue(1); } }));
    await t("close twice", () => new ReadableStream({ start(c) { c.close(); c.close(); } }));
    await t("close after error", () => { let e; new ReadableStream({ start(c) { c.error(new Error("x")); e = raw(() => c.close()); } }); return e; });
    await t("enqueue after error", () => { let e; new ReadableStream({ start(c) { c.error(new Error("x")); e = raw(() => c.enqueue(1)); } }); return e; });
    await t("error twice", async () => { const s = new ReadableStream({ start(c) { c.error(new Error("x")); c.error(new Error("y")); } }); return state(s.getReader().read()); });
    await t("error undefined", async () => { const s = new ReadableStream({ start(c) { c.error(); } }); return state(s.getReader().read()); });
    await t("error with queue", async () => { let c; const s = new ReadableStream({ start(x) { c = x; c.enqueue(1); c.enqueue(2); } }); c.error(new Error("z")); const r = s.getReader(); return [await state(r.read()), await state(r.closed)]; });
    await t("close with queue", async () => { let c; const s = new ReadableStream({ start(x) { c = x; c.enqueue(1); c.close(); } }); const r = s.getReader(); const l = [await state(r.closed)]; l.push(await r.read(), await state(r.closed), await r.read()); return l; });
    await t("size throws", async () => { let e; const s = new ReadableStream({ start(c) { e = raw(() => c.enqueue(1)); } }, { size() { throw new Error("size"); } }); return [e, await state(s.getReader().read())]; });
    await t("size NaN", async () => { let e; const s = new ReadableStream({ start(c) { e = raw(() => c.enqueue(1)); } }, { size() { return NaN; } }); return [e, await state(s.getReader().read())]; });
    await t("size -1", async () => { let e; const s = new ReadableStream({ start(c) { e = raw(() => c.enqueue(1)); } }, { size() { return -1; } }); return [e, await state(s.getReader().read())]; });
    await t("reads queue", async () => { let c; const s = new ReadableStream({ start(x) { c = x; } }); const r = s.getReader(); const a = r.read(), b = r.read(), d = r.read(); c.enqueue(1); c.enqueue(2); c.close(); return [await a, await b, await d]; });
    await t("reads pending error", async () => { let c; const s = new ReadableStream({ start(x) { c = x; } }); const r = s.getReader(); const a = r.read(), b = r.read(); c.error(new Error("e")); return [await state(a), await state(b), await state(r.closed)]; });
    await t("releaseLock pending", async () => { const s = new ReadableStream(); const r = s.getReader(); const a = r.read(); const x = raw(() => r.releaseLock()); return [x, await state(a), await state(r.closed), s.locked, await state(r.read()), await state(r.cancel())]; });
    await t("releaseLock closed", async () => { const s = new ReadableStream({ start(c) { c.close(); } }); const r = s.getReader(); const c1 = r.closed; r.releaseLock(); r.releaseLock(); return [await state(c1), await state(r.closed), c1 === r.closed]; });
    await t("releaseLock open closed promise", async () => { const s = new ReadableStream(); const r = s.getReader(); const c1 = r.closed; r.releaseLock(); return [await state(c1), await state(r.closed), c1 === r.closed]; });
    await t("read released", async () => { const s = new ReadableStream(); const r = s.getReader(); r.releaseLock(); return [await state(r.read()), await state(r.cancel()), await state(r.closed)]; });
    await t("cancel", async () => { const l = []; const s = new ReadableStream({ start(c) { c.enqueue(1); }, cancel(r) { l.push(["cancel", r]); return 5; } }); l.push(await s.cancel("why"), s.locked); const r = s.getReader(); l.push(await r.read(), await state(r.closed)); return l; });
    await t("cancel locked", async () => { const s = new ReadableStream(); s.getReader(); return state(s.cancel()); });
    await t("cancel reader", async () => { const l = []; const s = new ReadableStream({ cancel(r) { l.push(r); } }); const r = s.getReader(); const p = r.read(); l.push(await state(r.cancel(new Error("c"))), await state(p), await state(r.closed), s.locked); return l; });
    await t("cancel throws", async () => { const s = new ReadableStream({ cancel() { throw new Error("bad"); } }); return [await state(s.cancel()), await state(s.getReader().read())]; });
    await t("cancel twice", async () => { const l = []; const s = new ReadableStream({ cancel() { l.push(1); } }); await s.cancel(); await s.cancel(); return l; });
    await t("cancel closed", async () => { const l = []; const s = new ReadableStream({ start(c) { c.close(); }, cancel() { l.push(1); } }); l.push(await state(s.cancel())); return l; });
    await t("cancel errored", async () => { const l = []; const s = new ReadableStream({ start(c) { c.error(new Error("E")); }, cancel() { l.push(1); } }); l.push(await state(s.cancel())); return l; });
    await t("cancel then enqueue", async () => { let c; const s = new ReadableStream({ start(x) { c = x; } }); await s.cancel(); return [raw(() => c.enqueue(1)), raw(() => c.close()), raw(() => c.desiredSize), raw(() => c.error(1))]; });
    await t("enqueue in start then async iterate", async () => { const l = []; for await (const x of new ReadableStream({ start(c) { c.enqueue("a"); c.enqueue("b"); c.close(); } })) l.push(x); return l; });
    await t("iterate break cancels", async () => { const l = []; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) { l.push(["cancel", r]); } }); for await (const x of s) { l.push(x); break; } l.push(s.locked); return l; });
    await t("iterate preventCancel", async () => { const l = []; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) { l.push(["cancel", r]); } }); for await (const x of s.values({ preventCancel: true })) { l.push(x); break; } l.push(s.locked, await s.getReader().read()); return l; });
    await t("iterate locked", () => { const s = new ReadableStream(); s.getReader(); s.values(); });
    await t("iterate error", async () => { const s = new ReadableStream({ pull(c) { c.error(new Error("it")); } }); for await (const x of s); });
    await t("iterator return", async () => { const s = new ReadableStream(); const i = s.values(); const l = [Object.prototype.toString.call(i), await i.return("v"), s.locked, await i.next(), await i.return("w")]; return l; });
    await t("iterator after end", async () => { const s = new ReadableStream({ start(c) { c.close(); } }); const i = s[Symbol.asyncIterator](); return [s.locked, await i.next(), s.locked, await i.next(), i[Symbol.asyncIterator]() === i]; });
    await t("from array", async () => { const l = []; for await (const x of ReadableStream.from(["a", "b"])) l.push(x); return l; });
    await t("from async gen", async () => { const l = []; const s = ReadableStream.from((async function* () { try { yield 1; yield 2; } finally { l.push("fin"); } })()); const r = s.getReader(); l.push(await r.read()); await r.cancel("x"); return l; });
    await t("from promises", async () => { const l = []; for await (const x of ReadableStream.from([Promise.resolve(1), 2])) l.push(x); return l; });
    await t("from string", async () => { const l = []; for await (const x of ReadableStream.from("hé")) l.push(x); return l; });
    await t("from null", () => ReadableStream.from(null));
    await t("from undefined", () => ReadableStream.from());
    await t("from number", () => ReadableStream.from(4));
    await t("from object", () => ReadableStream.from({}));
    await t("from stream", async () => { const l = []; const a = new ReadableStream({ start(c) { c.enqueue(1); c.close(); } }); const b = ReadableStream.from(a); l.push(a === b, a.locked); for await (const x of b) l.push(x); return l; });
    await t("from throwing", async () => { const s = ReadableStream.from((function* () { yield 1; throw new Error("gen"); })()); const r = s.getReader(); return [await state(r.read()), await state(r.read())]; });
    await t("from lazy", async () => { const l = []; const s = ReadableStream.from((function* () { l.push("a"); yield 1; l.push("b"); yield 2; })()); await wait(); l.push("t"); const r = s.getReader(); await r.read(); await wait(); l.push("u"); return l; });
    await t("pull sync enqueue many", async () => { let n = 0; const s = new ReadableStream({ pull(c) { if (n++ < 3) c.enqueue(n); else c.close(); } }); const l = []; for await (const x of s) l.push(x); return l; });
    await t("controller ready enqueue returns", () => { let x; new ReadableStream({ start(c) { x = [c.enqueue(1), c.error(2), ]; } }); return x; });
    await t("enqueue no args", async () => { const s = new ReadableStream({ start(c) { c.enqueue(); } }); return await s.getReader().read(); });
    await t("methods on wrong this", () => [raw(() => ReadableStream.prototype.cancel.call({})), raw(() => ReadableStream.prototype.locked), raw(() => ReadableStream.prototype.getReader.call({})), raw(() => ReadableStream.prototype.pipeTo.call({})), raw(() => ReadableStreamDefaultReader.prototype.cancel.call({})), raw(() => WritableStream.prototype.abort.call({})), raw(() => WritableStreamDefaultWriter.prototype.write.call({})), raw(() => WritableStreamDefaultWriter.prototype.closed), raw(() => ReadableStreamDefaultReader.prototype.closed), raw(() => ReadableStreamDefaultReader.prototype.read.call({}))]);
    await t("cancel during pull", async () => { const l = []; let go; const s = new ReadableStream({ pull() { l.push("pull"); return new Promise((r) => (go = r)); }, cancel() { l.push("cancel"); } }); const r = s.getReader(); const p = r.read(); await wait(); l.push(await state(r.cancel())); go(); l.push(await state(p)); return l; });
    await t("inspect", () => [JSON.stringify(new ReadableStream()), Object.keys(new ReadableStream())]);
    return Response.json(facts);
  },
};
