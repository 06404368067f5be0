// Blob and File
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
    const b = (...a) => new Blob(...a);
    await t("empty", async () => [b().size, b().type, b([]).size, await b().text(), String(b())]);
    await t("parts", async () => { const x = b(["héy", u8(1, 2), u8(3).buffer, b(["in"]), new Uint16Array([513]), new DataView(u8(7, 8, 9).buffer, 1)]); return [x.size, await x.bytes()]; });
    await t("coerced parts", async () => [await b([1, null, undefined, {}, true, [1, 2]]).text()]);
    for (const [n, a] of Object.entries({ string: ["x"], number: [5], nul: [null], object: [{}], undef: [undefined], view: [u8(1, 2)], set: [new Set(["a", "b"])], iter: [{ *[Symbol.iterator]() { yield "q"; } }], optNull: [[], null], optNum: [[], 5], optStr: [[], "s"], typeNum: [[], { type: 5 }], typeNull: [[], { type: null }], endings: [["a\r\nb\nc"], { endings: "native" }], endingsBad: [["a"], { endings: "x" }] })) await t(`new ${n}`, async () => { const x = b(...a); return [x.size, x.type, await x.text()]; });
    await t("types", () => ["text/plain", "TEXT/Plain", "a/b;charset=UTF-8", "bad type", "té", "a\u0000b", " x/y ", "", "x"].map((type) => b([], { type }).type));
    await t("slice", async () => { const x = b(["0123456789"], { type: "a/b" }); const l = []; for (const a of [[], [2], [2, 5], [-3], [-3, -1], [5, 2], [0, 100], [100], [NaN, 3], [1.9, 4.9], ["2", "4"], [undefined, 3], [null, 3], [0, 3, "C/D"], [0, 3, 5], [0, undefined, "t/u"], [Infinity], [-Infinity, 2], [0, null], [{}]]) { let y; try { y = x.slice(...a); l.push([await y.text(), y.type, y.size]); } catch (e) { l.push(String(e)); } } return l; });
    await t("slice nested", async () => { const x = b(["0123456789"]).slice(2, 8).slice(1, 3); return [await x.text(), x.size]; });
    await t("stream", async () => { const s = b(["abc"]).stream(); const r = s.getReader(); return [String(s), await r.read(), await r.read(), await state(r.closed)]; });
    await t("stream byob", async () => { const r = b(["abc"]).stream().getReader({ mode: "byob" }); return [await r.read(new Uint8Array(2)), await r.read(new Uint8Array(2)), await r.read(new Uint8Array(2))]; });
    await t("stream empty", async () => { const r = b([]).stream().getReader(); return [await r.read()]; });
    await t("buffers", async () => { const x = b(["ab"]); const p = x.arrayBuffer(); return [p instanceof Promise, Object.prototype.toString.call(await p), (await p).byteLength, (await p) === (await x.arrayBuffer()), await x.bytes(), await state(x.text())]; });
    await t("text bom", async () => [(await b([u8(0xef, 0xbb, 0xbf, 97)]).text()).length, (await b([u8(0xff, 97)]).text())]);
    await t("lone surrogate", async () => [await b(["\ud800x"]).bytes()]);
    await t("snapshot", async () => { const a = u8(1, 2); const x = b([a]); a[0] = 9; return await x.bytes(); });
    await t("own keys", () => [Object.keys(b()), JSON.stringify(b()), Reflect.ownKeys(b()).length]);
    await t("wrong this", () => [raw(() => Blob.prototype.size), raw(() => Blob.prototype.slice.call({}))]);
    await t("text wrong this", async () => state((async () => Blob.prototype.text.call({}))()));
    await t("body", async () => { const r = new Response(b(["body"], { type: "x/y" })); return [r.headers.get("content-type"), await r.text(), new Response(b(["q"])).headers.get("content-type")]; });
    await t("response blob", async () => { const x = await new Response("hey", { headers: { "content-type": "Text/X; a=B" } }).blob(); return [x.type, x.size, x instanceof Blob, String(x)]; });
    await t("response blob default", async () => [(await new Response("hey").blob()).type, (await new Response(u8(1)).blob()).type]);
    await t("structuredClone", () => raw(() => structuredClone(b(["x"]))));
    // File
    await t("file", async () => { const f = new File(["abc"], "n.txt", { type: "T/x", lastModified: 5 }); return [f.name, f.size, f.type, f.lastModified, await f.text(), f instanceof Blob, String(f)]; });
    await t("file default", () => { const f = new File([], "n"); return [typeof f.lastModified, Math.abs(f.lastModified - Date.now()) < 5000, f.type]; });
    for (const [n, a] of Object.entries({ none: [], noName: [[]], nulBits: [null, "x"], strBits: ["a", "x"], numName: [[], 5], nulName: [[], null], undefName: [[], undefined], slash: [[], "a/b"], emptyName: [[], ""], lm: [[], "a", { lastModified: "7" }], lmDate: [[], "a", { lastModified: new Date(9) }], lmNaN: [[], "a", { lastModified: NaN }], lmFloat: [[], "a", { lastModified: 1.7 }], lmNeg: [[], "a", { lastModified: -1 }], opt: [[], "a", null], optNum: [[], "a", 5] })) await t(`file ${n}`, () => { const f = new File(...a); return [f.name, f.size, f.type, typeof f.lastModified === "number" && f.lastModified < 1e6 ? f.lastModified : "now"]; });
    await t("file slice", async () => { const f = new File(["abcdef"], "n", { type: "a/b" }); const s = f.slice(1, 3); return [String(s), s.constructor.name, s.type, await s.text()]; });
    await t("file body", async () => new Response(new File(["q"], "n", { type: "a/b" })).headers.get("content-type"));
    await t("file proto", () => [Object.getPrototypeOf(File) === Blob, Object.getPrototypeOf(File.prototype) === Blob.prototype]);
    await t("blob of big", async () => { const x = b([new Uint8Array(5000), new Uint8Array(5000)]); return [x.size, (await x.slice(4999, 5001).bytes()).length]; });
    await t("clones", () => { const one = new Blob(["x"], { type: "a/b" }); const c = structuredClone({ a: one, b: one }); return [c.a === c.b, c.a === one, c.a.type, raw(() => structuredClone(new File([], "n"))), raw(() => structuredClone(new FormData())), raw(() => structuredClone(new ReadableStream())), raw(() => structuredClone(new WritableStream()))]; });
    return Response.json(facts);
  },
};
