// Byte streams and BYOB
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
    const mk = (bytes, close = true, opts = {}) => new ReadableStream({ type: "bytes", start(c) { c.enqueue(bytes); if (close) c.close(); }, ...opts });
    await t("byob read", async () => { const r = mk(u8(1, 2, 3)).getReader({ mode: "byob" }); const v = new Uint8Array(8); const x = await r.read(v); return [x, x.value.byteOffset, x.value.buffer.byteLength, v.byteLength, v.buffer.byteLength, await r.read(new Uint8Array(4)), await r.read(new Uint8Array(4)), await state(r.closed)]; });
    await t("byob small", async () => { const r = mk(u8(1, 2, 3)).getReader({ mode: "byob" }); return [await r.read(new Uint8Array(2)), await r.read(new Uint8Array(2)), await r.read(new Uint8Array(2))]; });
    await t("byob offset", async () => { const r = mk(u8(1, 2, 3)).getReader({ mode: "byob" }); const x = await r.read(new Uint8Array(new ArrayBuffer(10), 3, 4)); return [x, x.value.byteOffset, x.value.buffer.byteLength]; });
    await t("byob u16", async () => { const r = mk(u8(1, 2, 3, 4)).getReader({ mode: "byob" }); return [await r.read(new Uint16Array(4))]; });
    await t("byob u16 odd", async () => { const r = mk(u8(1, 2, 3)).getReader({ mode: "byob" }); return [await state(r.read(new Uint16Array(4))), await state(r.read(new Uint16Array(4)))]; });
    await t("byob dataview", async () => { const r = mk(u8(1, 2)).getReader({ mode: "byob" }); return [await r.read(new DataView(new ArrayBuffer(4)))]; });
    await t("byob zero", async () => { const r = mk(u8(1)).getReader({ mode: "byob" }); return state(r.read(new Uint8Array(0))); });
    await t("byob none", async () => { const r = mk(u8(1)).getReader({ mode: "byob" }); return [raw(() => r.read()), raw(() => r.read(5)), raw(() => r.read({})), raw(() => r.read(new ArrayBuffer(3)))]; });
    await t("byob none async", async () => { const r = mk(u8(1)).getReader({ mode: "byob" }); return [await state(r.read(5)), await state(r.read()), await state(r.read("x"))]; });
    await t("byob detached", async () => { const r = mk(u8(1)).getReader({ mode: "byob" }); const v = new Uint8Array(4); structuredClone(v.buffer, { transfer: [v.buffer] }); return state(r.read(v)); });
    await t("byob min", async () => { let c; const s = new ReadableStream({ type: "bytes", start(x) { c = x; } }); const r = s.getReader({ mode: "byob" }); const p = r.read(new Uint8Array(6), { min: 4 }); c.enqueue(u8(1, 2)); const a = await state(p); c.enqueue(u8(3, 4, 5)); return [a, await p]; });
    await t("byob min 0", async () => state(mk(u8(1)).getReader({ mode: "byob" }).read(new Uint8Array(4), { min: 0 })));
    await t("byob min 9", async () => state(mk(u8(1)).getReader({ mode: "byob" }).read(new Uint8Array(4), { min: 9 })));
    await t("readAtLeast", async () => { let c; const s = new ReadableStream({ type: "bytes", start(x) { c = x; } }); const r = s.getReader({ mode: "byob" }); const p = r.readAtLeast(4, new Uint8Array(6)); c.enqueue(u8(1, 2)); const a = await state(p); c.enqueue(u8(3, 4, 5)); return [a, await p]; });
    await t("readAtLeast eof", async () => { const r = mk(u8(1, 2)).getReader({ mode: "byob" }); return [await r.readAtLeast(4, new Uint8Array(6)), await r.readAtLeast(4, new Uint8Array(6))]; });
    await t("readAtLeast 0", async () => { const r = mk(u8(1, 2)).getReader({ mode: "byob" }); return [await state(r.readAtLeast(0, new Uint8Array(6))), await state(r.readAtLeast(7, new Uint8Array(6))), await state(r.readAtLeast(-1, new Uint8Array(6)))]; });
    await t("respond 0 open", async () => { const l = []; const s = new ReadableStream({ type: "bytes", pull(c) { l.push(raw(() => c.byobRequest.respond(0))); c.byobRequest?.respond(1); } }); const r = s.getReader({ mode: "byob" }); l.push(await state(r.read(new Uint8Array(5)))); return l; });
    await t("respond too much", async () => { const l = []; const s = new ReadableStream({ type: "bytes", pull(c) { l.push(raw(() => c.byobRequest.respond(9))); c.byobRequest.respond(2); } }); const r = s.getReader({ mode: "byob" }); l.push(await state(r.read(new Uint8Array(5)))); return l; });
    await t("close then respond 0", async () => { const l = []; const s = new ReadableStream({ type: "bytes", pull(c) { c.close(); l.push(raw(() => c.byobRequest?.respond(0))); } }); const r = s.getReader({ mode: "byob" }); l.push(await state(r.read(new Uint8Array(5)))); return l; });
    await t("close no respond", async () => { const l = []; const s = new ReadableStream({ type: "bytes", pull(c) { c.close(); } }); const r = s.getReader({ mode: "byob" }); l.push(await state(r.read(new Uint8Array(5)))); return l; });
    await t("respondWithNewView", async () => { const l = []; const s = new ReadableStream({ type: "bytes", pull(c) { const v = c.byobRequest.view; v[0] = 7; v[1] = 8; l.push(raw(() => c.byobRequest.respondWithNewView(new Uint8Array(v.buffer, v.byteOffset, 2)))); } }); const r = s.getReader({ mode: "byob" }); l.push(await state(r.read(new Uint8Array(5)))); return l; });
    await t("respondWithNewView wrong", async () => { const l = []; const s = new ReadableStream({ type: "bytes", pull(c) { l.push(raw(() => c.byobRequest.respondWithNewView(new Uint8Array(2))), raw(() => c.byobRequest.respondWithNewView()), raw(() => c.byobRequest.respondWithNewView(4))); c.byobRequest?.respond(1); } }); const r = s.getReader({ mode: "byob" }); l.push(await state(r.read(new Uint8Array(5)))); return l; });
    await t("no autoAllocate", async () => { const l = []; const s = new ReadableStream({ type: "bytes", pull(c) { l.push(c.byobRequest); c.enqueue(u8(1, 2)); } }); const r = s.getReader(); l.push(await r.read()); return l; });
    await t("enqueue fills byob", async () => { let c; const s = new ReadableStream({ type: "bytes", start(x) { c = x; } }); const r = s.getReader({ mode: "byob" }); const p = r.read(new Uint8Array(2)); const b = u8(1, 2, 3); c.enqueue(b); return [await p, b.byteLength, await r.read(new Uint8Array(4))]; });
    await t("enqueue bad", async () => { const l = []; new ReadableStream({ type: "bytes", start(c) { l.push(raw(() => c.enqueue("x")), raw(() => c.enqueue()), raw(() => c.enqueue(new Uint8Array(0))), raw(() => c.enqueue(new ArrayBuffer(2))), raw(() => c.enqueue(new Uint16Array(2))), raw(() => c.enqueue({}))); } }); return l; });
    await t("enqueue u16 read", async () => { const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(new Uint16Array([513, 2])); c.enqueue(u8(1, 2, 3).buffer); c.close(); } }); const r = s.getReader(); return [await r.read(), await r.read(), await r.read()]; });
    await t("enqueue subarray read", async () => { const big = u8(1, 2, 3, 4); const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(big.subarray(1, 3)); c.close(); } }); const r = s.getReader(); const x = await r.read(); return [x, big.byteLength]; });
    await t("chunks joined by byob", async () => { const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(u8(1)); c.enqueue(u8(2, 3)); c.enqueue(u8(4, 5)); c.close(); } }); const r = s.getReader({ mode: "byob" }); return [await r.read(new Uint8Array(4)), await r.read(new Uint8Array(4))]; });
    await t("default chunks", async () => { const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(u8(1)); c.enqueue(u8(2, 3)); c.close(); } }); const r = s.getReader(); return [await r.read(), await r.read(), await r.read()]; });
    await t("bytes after close", async () => { let c; const s = new ReadableStream({ type: "bytes", start(x) { c = x; } }); c.close(); return [raw(() => c.enqueue(u8(1))), raw(() => c.close()), raw(() => c.desiredSize), raw(() => c.byobRequest), raw(() => c.error(new Error("k")))]; });
    await t("bytes after error", async () => { let c; const s = new ReadableStream({ type: "bytes", start(x) { c = x; } }); c.error(new Error("k")); return [raw(() => c.enqueue(u8(1))), raw(() => c.close()), raw(() => c.desiredSize), raw(() => c.byobRequest)]; });
    await t("byob cancel", async () => { const l = []; const s = new ReadableStream({ type: "bytes", cancel(x) { l.push(x); } }); const r = s.getReader({ mode: "byob" }); const p = r.read(new Uint8Array(4)); l.push(await state(r.cancel("q")), await state(p)); return l; });
    await t("byob release", async () => { const s = new ReadableStream({ type: "bytes" }); const r = s.getReader({ mode: "byob" }); const p = r.read(new Uint8Array(4)); r.releaseLock(); return [await state(p), await state(r.closed), await state(r.read(new Uint8Array(1))), await state(r.cancel())]; });
    await t("byob error", async () => { let c; const s = new ReadableStream({ type: "bytes", start(x) { c = x; } }); const r = s.getReader({ mode: "byob" }); const p = r.read(new Uint8Array(4)); c.error(new Error("E")); return [await state(p), await state(r.closed), await state(r.read(new Uint8Array(1)))]; });
    await t("bytes pull default", async () => { let n = 0; const l = []; const s = new ReadableStream({ type: "bytes", pull(c) { l.push(`pull${n}`); if (n++ < 2) c.enqueue(u8(n)); else c.close(); } }); await wait(); l.push("t"); const r = s.getReader(); l.push(await r.read(), await r.read(), await r.read()); return l; });
    await t("bytes pull hwm", async () => { let n = 0; const l = []; const s = new ReadableStream({ type: "bytes", pull(c) { l.push(`pull${c.desiredSize}`); c.enqueue(u8(++n)); } }, { highWaterMark: 2 }); await wait(); l.push("t"); const r = s.getReader(); l.push(await r.read()); await wait(); return l; });
    await t("byob partial at close u32", async () => { let c; const s = new ReadableStream({ type: "bytes", start(x) { c = x; } }); const r = s.getReader({ mode: "byob" }); const p = r.read(new Uint32Array(2)); c.enqueue(u8(1, 2)); const a = await state(p); const cl = raw(() => c.close()); return [a, cl, await state(p), await state(r.closed)]; });
    await t("tee bytes", async () => { const [a, b] = mk(u8(1, 2, 3)).tee(); const ra = a.getReader({ mode: "byob" }), rb = b.getReader(); return [await ra.read(new Uint8Array(8)), await rb.read(), await ra.read(new Uint8Array(2)), await rb.read()]; });
    await t("two reads byob", async () => { let c; const s = new ReadableStream({ type: "bytes", start(x) { c = x; } }); const r = s.getReader({ mode: "byob" }); const a = r.read(new Uint8Array(2)), b = r.read(new Uint8Array(2)); c.enqueue(u8(1, 2, 3)); const x = [await a, await b]; return x; });
    await t("close then reads", async () => { let c; const s = new ReadableStream({ type: "bytes", start(x) { c = x; } }); const r = s.getReader({ mode: "byob" }); const a = r.read(new Uint8Array(2)), b = r.read(new Uint8Array(3)); c.close(); return [await state(a), await state(b), await state(r.closed)]; });
    await t("enqueue with pending default", async () => { let c; const s = new ReadableStream({ type: "bytes", start(x) { c = x; } }); const r = s.getReader(); const a = r.read(), b = r.read(); c.enqueue(u8(1, 2)); c.close(); return [await a, await b]; });
    return Response.json(facts);
  },
};
