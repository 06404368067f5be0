// Transform streams
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
    for (const [n, a] of Object.entries({ number: [5], string: ["x"], nul: [null], empty: [{}], rtype: [{ readableType: "x" }], rtypeBytes: [{ readableType: "bytes" }], wtype: [{ writableType: "x" }], start: [{ start: 5 }], transform: [{ transform: 1 }], flush: [{ flush: 1 }], cancel: [{ cancel: 1 }], startThrows: [{ start() { throw new Error("boom"); } }] })) await t(`new ${n}`, () => String(new TransformStream(...a)));
    await t("identity default", async () => { const ts = new TransformStream(); const w = ts.writable.getWriter(), r = ts.readable.getReader(); const l = [w.desiredSize]; const p = w.write("a"); l.push(w.desiredSize, await state(p), await r.read(), await state(p), w.desiredSize); const q = w.close(); l.push(await state(q), await r.read(), await state(q), await state(r.closed)); return l; });
    await t("transform", async () => { const l = []; const ts = new TransformStream({ start(c) { l.push(`start ${c} ${c.desiredSize}`); c.enqueue("s"); }, transform(x, c) { l.push(`t ${x}`); c.enqueue(x + "!"); }, flush(c) { l.push("flush"); c.enqueue("end"); } }); const w = ts.writable.getWriter(); w.write("a"); w.write("b"); w.close(); for await (const x of ts.readable) l.push(x); return l; });
    await t("transform no enqueue", async () => { const ts = new TransformStream({ transform() {} }); const w = ts.writable.getWriter(); w.write(1); w.close(); return await ts.readable.getReader().read(); });
    await t("transform throws", async () => { const ts = new TransformStream({ transform() { throw new Error("T"); } }); const w = ts.writable.getWriter(), r = ts.readable.getReader(); const p = w.write(1); return [await state(r.read()), await state(p), await state(w.closed), await state(r.closed), await state(w.write(2)), await state(w.close())]; });
    await t("flush throws", async () => { const ts = new TransformStream({ flush() { throw new Error("F"); } }); const w = ts.writable.getWriter(), r = ts.readable.getReader(); const p = w.close(); return [await state(r.read()), await state(p), await state(w.closed)]; });
    await t("start rejects", async () => { const ts = new TransformStream({ async start() { throw new Error("S"); } }); const w = ts.writable.getWriter(), r = ts.readable.getReader(); return [await state(r.read()), await state(w.write(1)), await state(w.closed)]; });
    await t("terminate", async () => { const ts = new TransformStream({ transform(x, c) { c.enqueue(x); c.terminate(); } }); const w = ts.writable.getWriter(), r = ts.readable.getReader(); const p = w.write(1); return [await r.read(), await r.read(), await state(p), await state(w.write(2)), await state(w.closed)]; });
    await t("controller error", async () => { let c; const ts = new TransformStream({ start(x) { c = x; } }); const w = ts.writable.getWriter(), r = ts.readable.getReader(); c.error(new Error("CE")); return [await state(r.read()), await state(w.write(1)), await state(w.closed), raw(() => c.enqueue(1)), raw(() => c.desiredSize), raw(() => c.terminate())]; });
    await t("enqueue after terminate", async () => { let c; const ts = new TransformStream({ start(x) { c = x; } }); c.terminate(); return [raw(() => c.enqueue(1)), raw(() => c.desiredSize)]; });
    await t("readable cancel", async () => { const l = []; const ts = new TransformStream({ cancel(r) { l.push(["cancel", r]); } }); const w = ts.writable.getWriter(); l.push(await state(ts.readable.cancel("rc")), await state(w.closed), await state(w.write(1))); return l; });
    await t("writable abort", async () => { const l = []; const ts = new TransformStream({ cancel(r) { l.push(["cancel", r]); } }); const r = ts.readable.getReader(); l.push(await state(ts.writable.abort("wa")), await state(r.read()), await state(r.closed)); return l; });
    await t("backpressure", async () => { const l = []; const ts = new TransformStream({ transform(x, c) { l.push(`t${x}`); c.enqueue(x); } }); const w = ts.writable.getWriter(), r = ts.readable.getReader(); for (let i = 0; i < 3; i++) w.write(i).then(() => l.push(`w${i}`)); await wait(); l.push(w.desiredSize, await state(w.ready)); l.push(await r.read()); await wait(); l.push(await r.read()); await wait(); l.push(w.desiredSize); return l; });
    await t("readable hwm", async () => { const l = []; const ts = new TransformStream({ transform(x, c) { l.push(`t${x}`, c.desiredSize); c.enqueue(x); } }, undefined, { highWaterMark: 2 }); const w = ts.writable.getWriter(); for (let i = 0; i < 3; i++) w.write(i).then(() => l.push(`w${i}`)); await wait(); l.push(w.desiredSize); return l; });
    await t("writable hwm", async () => { const ts = new TransformStream({}, { highWaterMark: 4 }); const w = ts.writable.getWriter(); return [w.desiredSize, await state(w.ready)]; });
    await t("same objects", () => { const ts = new TransformStream(); return [ts.readable === ts.readable, ts.writable === ts.writable, String(ts.readable), String(ts.writable)]; });
    await t("async transform order", async () => { const l = []; const ts = new TransformStream({ async transform(x, c) { await wait(); c.enqueue(x); l.push(`t${x}`); } }); const w = ts.writable.getWriter(); const r = ts.readable.getReader(); const p = w.write(1), q = w.write(2); l.push(await r.read(), await r.read()); await p; await q; return l; });
    await t("identity stream", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(), r = ts.readable.getReader(); const l = [w.desiredSize, await state(w.ready)]; const p = w.write(u8(1, 2, 3)); l.push(w.desiredSize, await state(p), await r.read(), await state(p)); const q = w.close(); l.push(await state(q), await r.read(), await state(q), await state(r.closed), await state(w.closed), w.desiredSize); return l; });
    await t("identity instance", () => { const ts = new IdentityTransformStream(); return [ts instanceof TransformStream, String(ts), String(ts.readable), ts.readable instanceof ReadableStream, ts.writable instanceof WritableStream]; });
    await t("identity byob", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(), r = ts.readable.getReader({ mode: "byob" }); const p = w.write(u8(1, 2, 3)); const l = [await r.read(new Uint8Array(2)), await state(p), await r.read(new Uint8Array(8)), await state(p)]; w.close(); l.push(await r.read(new Uint8Array(3)), await r.read(new Uint8Array(3))); return l; });
    await t("identity readAtLeast", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(), r = ts.readable.getReader({ mode: "byob" }); const p = r.readAtLeast(3, new Uint8Array(8)); w.write(u8(1, 2)); w.write(u8(3, 4)); w.close(); return [await p, await r.read(new Uint8Array(2))]; });
    await t("identity write string", async () => { const w = new IdentityTransformStream().writable.getWriter(); return [await state(w.write("x")), await state(w.write({})), await state(w.write(5)), await state(w.write()), await state(w.closed)]; });
    await t("identity write forms", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(), r = ts.readable.getReader(); w.write(u8(1, 2).buffer); w.write(new Uint16Array([513])); w.write(new DataView(u8(4, 5, 6).buffer, 1)); w.close(); const l = []; for (;;) { const x = await r.read(); l.push(x); if (x.done) return l; } });
    await t("identity empty write", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(); return [await state(w.write(new Uint8Array(0))), w.desiredSize]; });
    await t("identity abort", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(), r = ts.readable.getReader(); const p = r.read(); return [await state(w.abort(new Error("AB"))), await state(p), await state(r.closed), await state(w.closed), await state(w.write(u8(1)))]; });
    await t("identity abort reason", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(), r = ts.readable.getReader(); const p = r.read(); return [await state(w.abort("str")), await state(p)]; });
    await t("identity cancel", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(), r = ts.readable.getReader(); const p = w.write(u8(1)); return [await state(r.cancel(new Error("CA"))), await state(p), await state(w.write(u8(1))), await state(w.closed), await state(r.read()), await state(r.closed)]; });
    await t("identity write after close", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(); w.close().catch(() => {}); return [await state(w.write(u8(1))), await state(w.close())]; });
    await t("identity second read pending", async () => { const ts = new IdentityTransformStream(); const r = ts.readable.getReader(); const a = r.read(); return [await state(r.read()), await state(a)]; });
    await t("identity two writes", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(), r = ts.readable.getReader(); const a = w.write(u8(1)), b = w.write(u8(2)); return [w.desiredSize, await r.read(), await r.read(), await state(a), await state(b), w.desiredSize]; });
    await t("identity hwm", async () => { const ts = new IdentityTransformStream({ highWaterMark: 10 }); const w = ts.writable.getWriter(); const l = [w.desiredSize, await state(w.ready)]; w.write(u8(1, 2, 3)); l.push(w.desiredSize); w.write(new Uint8Array(9)); l.push(w.desiredSize, await state(w.ready)); return l; });
    await t("identity release read", async () => { const ts = new IdentityTransformStream(); const r = ts.readable.getReader(); const p = r.read(); return [raw(() => r.releaseLock()), await state(p), ts.readable.locked]; });
    await t("identity release write", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(); const p = w.write(u8(1)); w.releaseLock(); const r = ts.readable.getReader(); return [ts.writable.locked, await r.read(), await state(p)]; });
    await t("identity copies", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(), r = ts.readable.getReader(); const b = u8(1, 2); w.write(b); b[0] = 9; const x = await r.read(); return [x, x.value === b, b.byteLength]; });
    await t("identity tee", async () => { const ts = new IdentityTransformStream(); const w = ts.writable.getWriter(); const [a, b] = ts.readable.tee(); const p = w.write(u8(1, 2)); w.close(); const ra = a.getReader(), rb = b.getReader(); return [await ra.read(), await rb.read(), await state(p), await ra.read(), await rb.read(), ts.readable.locked]; });
    await t("fixed", async () => { const ts = new FixedLengthStream(3); const w = ts.writable.getWriter(), r = ts.readable.getReader(); w.write(u8(1, 2, 3)); const l = [await r.read()]; const p = w.close(); l.push(await r.read(), await state(p)); return l; });
    await t("fixed more", async () => { const ts = new FixedLengthStream(2); const w = ts.writable.getWriter(), r = ts.readable.getReader(); w.write(u8(1, 2, 3)); return [await state(r.read()), await state(w.closed)]; });
    await t("fixed less", async () => { const ts = new FixedLengthStream(3); const w = ts.writable.getWriter(), r = ts.readable.getReader(); w.write(u8(1)); await r.read(); const p = w.close(); return [await state(p), await state(r.read()), await state(w.closed)]; });
    await t("fixed bigint", () => String(new FixedLengthStream(5n)));
    await t("fixed bad", () => [raw(() => new FixedLengthStream(-1)), raw(() => new FixedLengthStream("3")), raw(() => new FixedLengthStream(1.5)), raw(() => new FixedLengthStream(NaN)), raw(() => new FixedLengthStream({})), raw(() => new FixedLengthStream(2 ** 53)), raw(() => new FixedLengthStream(2n ** 64n)), raw(() => new FixedLengthStream(null)), raw(() => new FixedLengthStream(true)), raw(() => new FixedLengthStream("x")), raw(() => new FixedLengthStream(-1n)), raw(() => new FixedLengthStream(2n ** 53n))]);
    await t("fixed instance", () => { const f = new FixedLengthStream(1); return [f instanceof IdentityTransformStream, f instanceof TransformStream, String(f)]; });
    await t("fixed response length", async () => { const ts = new FixedLengthStream(2); const w = ts.writable.getWriter(); w.write(u8(97, 98)); w.close(); const r = new Response(ts.readable); return [await r.text()]; });
    await t("fixed zero", async () => { const ts = new FixedLengthStream(0); const w = ts.writable.getWriter(), r = ts.readable.getReader(); const p = w.close(); return [await r.read(), await state(p)]; });
    await t("encoder", async () => { const ts = new TextEncoderStream(); const w = ts.writable.getWriter(); w.write("hé"); w.write(5); w.write("\ud83d"); w.write("\ude00"); w.write("\ud83d"); w.close(); const l = [ts.encoding, ts instanceof TransformStream]; for await (const x of ts.readable) l.push(x); return l; });
    await t("encoder empty", async () => { const ts = new TextEncoderStream(); const w = ts.writable.getWriter(); w.write(""); w.close(); const l = []; for await (const x of ts.readable) l.push(x); return l; });
    await t("encoder undefined", async () => { const ts = new TextEncoderStream(); const w = ts.writable.getWriter(); w.write(undefined); w.write(null); w.close(); const l = []; for await (const x of ts.readable) l.push(x); return l; });
    await t("decoder", async () => { const ts = new TextDecoderStream(); const w = ts.writable.getWriter(); w.write(u8(104, 0xc3)); w.write(u8(0xa9, 105)); w.write(u8(0xc3).buffer); w.close(); const l = [ts.encoding, ts.fatal, ts.ignoreBOM]; for await (const x of ts.readable) l.push(x); return l; });
    await t("decoder fatal", async () => { const ts = new TextDecoderStream("utf-8", { fatal: true }); const w = ts.writable.getWriter(); const p = w.write(u8(0xff)); return [await state(ts.readable.getReader().read()), await state(p), ts.fatal]; });
    await t("decoder fatal flush", async () => { const ts = new TextDecoderStream("utf-8", { fatal: true }); const w = ts.writable.getWriter(); const r = ts.readable.getReader(); w.write(u8(0xc3)); const p = w.close(); return [await state(r.read()), await state(p)]; });
    await t("decoder string", async () => { const ts = new TextDecoderStream(); const w = ts.writable.getWriter(); const p = w.write("x"); return [await state(ts.readable.getReader().read()), await state(p)]; });
    await t("decoder label", () => [raw(() => new TextDecoderStream("latin1").encoding), raw(() => new TextDecoderStream("nope").encoding), raw(() => new TextDecoderStream(undefined, { ignoreBOM: true }).ignoreBOM)]);
    await t("decoder bom", async () => { const ts = new TextDecoderStream(); const w = ts.writable.getWriter(); w.write(u8(0xef, 0xbb)); w.write(u8(0xbf, 97)); w.close(); const l = []; for await (const x of ts.readable) l.push(x); return l; });
    return Response.json(facts);
  },
};
