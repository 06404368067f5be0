// How much one read gives, of bodies, blobs, transforms and sources of bytes.
// head: heads/facts.js
export default {
  async fetch(request) {
    const src = (...items) => new ReadableStream({ start(c) { for (const i of items) c.enqueue(i); c.close(); } });
    const rnd = (n) => { const b = new Uint8Array(n); let x = 12345; for (let i = 0; i < n; i++) { x = (x * 1103515245 + 12345) & 0x7fffffff; b[i] = x >> 16; } return b; };
    const sizes = async (r) => { const l = []; for (;;) { const { value, done } = await r.read(); if (done) break; l.push([value.byteLength, value.byteOffset, value.buffer.byteLength]); } return l; };
    const packed = new Uint8Array(await new Response(src(rnd(20000)).pipeThrough(new CompressionStream("gzip"))).arrayBuffer());
    await t("decompress rnd 20000", async () => { const c = new DecompressionStream("gzip"); const w = c.writable.getWriter(); const r = c.readable.getReader(); w.write(packed); w.close(); return sizes(r); });
    await t("decompress rnd 20000 by two", async () => { const c = new DecompressionStream("gzip"); const w = c.writable.getWriter(); const r = c.readable.getReader(); const p = sizes(r); await w.write(packed.subarray(0, 100)); await w.write(packed.subarray(100)); w.close(); return p; });
    await t("decompress byob", async () => { const c = new DecompressionStream("gzip"); const w = c.writable.getWriter(); const r = c.readable.getReader({ mode: "byob" }); w.write(packed); w.close(); const l = []; let b = new Uint8Array(9000); for (;;) { const { value, done } = await r.read(b); l.push(value?.byteLength); if (done) break; b = new Uint8Array(value.buffer); } return l; });
    await t("pipe decompress sizes", async () => { const l = []; await src(packed).pipeThrough(new DecompressionStream("gzip")).pipeTo(new WritableStream({ write(x) { l.push(x.byteLength); } })); return l; });
    await t("body sizes", async () => sizes(new Response(rnd(20000)).body.getReader()));
    await t("body string", async () => sizes(new Response("hello").body.getReader()));
    await t("body tee", async () => { const [a, b] = new Response("hello").body.tee(); return [await sizes(a.getReader()), await sizes(b.getReader())]; });
    await t("blob stream", async () => sizes(new Blob([rnd(20000)]).stream().getReader()));
    await t("blob stream small", async () => sizes(new Blob(["abc"]).stream().getReader()));
    await t("body byob", async () => { const r = new Response("hello world").body.getReader({ mode: "byob" }); const l = []; for (let i = 0; i < 4; i++) { const x = await r.read(new Uint8Array(5)); l.push(x); } return l; });
    await t("ITS default", async () => { const s = new IdentityTransformStream(); const w = s.writable.getWriter(); const r = s.readable.getReader(); const p = sizes(r); await w.write(u8(1, 2)); await w.write(rnd(10000)); await w.close(); return p; });
    await t("ITS default queued", async () => { const s = new IdentityTransformStream(); const w = s.writable.getWriter(); const r = s.readable.getReader(); w.write(u8(1, 2)); w.write(rnd(10000)); w.write(u8(3)); w.close(); return sizes(r); });
    await t("ITS byob", async () => { const s = new IdentityTransformStream(); const w = s.writable.getWriter(); const r = s.readable.getReader({ mode: "byob" }); w.write(u8(1, 2)); w.write(u8(3, 4, 5, 6)); w.close(); const l = []; for (let i = 0; i < 5; i++) { const x = await r.read(new Uint8Array(3)); l.push(x); if (x.done) break; } return l; });
    await t("js bytes default", async () => sizes(new ReadableStream({ type: "bytes", start(c) { c.enqueue(u8(1, 2, 3)); c.enqueue(rnd(10000)); c.enqueue(u8(4)); c.close(); } }).getReader()));
    await t("js bytes default waiting", async () => { let c; const r = new ReadableStream({ type: "bytes", start(x) { c = x; } }).getReader(); const p = sizes(r); await wait(1); c.enqueue(u8(1, 2, 3)); await wait(1); c.enqueue(rnd(10000)); await wait(1); c.enqueue(u8(3)); c.enqueue(u8(4)); c.close(); return p; });
    await t("js bytes auto 10", async () => { let c; const r = new ReadableStream({ type: "bytes", autoAllocateChunkSize: 10, start(x) { c = x; } }).getReader(); const p = sizes(r); await wait(1); c.enqueue(u8(1, 2, 3)); await wait(1); c.enqueue(rnd(100)); await wait(1); c.enqueue(u8(3)); c.enqueue(u8(4)); c.close(); return p; });
    await t("js bytes iterate", async () => { const l = []; for await (const x of new ReadableStream({ type: "bytes", start(c) { c.enqueue(u8(1, 2, 3)); c.enqueue(u8(4)); c.close(); } })) l.push([x.byteLength, x.byteOffset, x.buffer.byteLength]); return l; });
    await t("js bytes tee", async () => { const [a, b] = new ReadableStream({ type: "bytes", start(c) { c.enqueue(u8(1, 2, 3)); c.enqueue(u8(4)); c.close(); } }).tee(); return [await sizes(a.getReader()), await sizes(b.getReader())]; });
    await t("js bytes pipe", async () => { const l = []; await new ReadableStream({ type: "bytes", start(c) { c.enqueue(u8(1, 2, 3)); c.enqueue(rnd(5000)); c.close(); } }).pipeTo(new WritableStream({ write(x) { l.push([x.byteLength, x.byteOffset, x.buffer.byteLength]); } })); return l; });
    await t("js bytes response", async () => { const l = []; const r = new Response(new ReadableStream({ type: "bytes", start(c) { c.enqueue(u8(1, 2, 3)); c.enqueue(rnd(5000)); c.close(); } })); const [a, b] = [r.clone(), r]; return [await sizes(a.body.getReader()), (await b.bytes()).length]; });
    await t("readAtLeast ITS", async () => { const { readable, writable } = new IdentityTransformStream(); const r = readable.getReader({ mode: "byob" }), w = writable.getWriter(); for (let n = 0; n < 8; n++) w.write(u8(n)); w.write(u8(1)); w.write(u8(2)); w.write(u8(3)); w.write(u8(4)); return [await r.readAtLeast(8, new Uint8Array(8)), await r.readAtLeast(2, new Uint8Array(4)), await r.readAtLeast(2, new Uint8Array(4))]; });
    return Response.json(facts);
  },
};
