// differs: broken UTF-8 is U+FFFD at once (as the standard says); workerd writes the bytes out again.
// URLSearchParams: constructing, reading, changing, iterating, serialising, and the errors of it.
const facts = {};
function note(name, f) {
  try {
    const value = f();
    facts[name] = value === undefined ? "undefined" : value;
  } catch (error) {
    facts[name] = `${error?.constructor?.name} ${error?.name}: ${error?.message}`;
  }
}
const p = (...a) => [...new URLSearchParams(...a)];
for (const text of ["", "?", "a=b", "?a=b&c", "??a", "a=b&a=c", "a+b=c+d", "a%20b=%C3%BC", "%zz=%", "a=b=c", "&&a&&", "=", "=v", "a=\ud800", "ü=ö", "a;b=c", "#x=y", "a=%00", "😀=1"]) {
  note(`from ${JSON.stringify(text)}`, () => p(text));
  note(`to ${JSON.stringify(text)}`, () => new URLSearchParams(text).toString());
}
note("none", () => p());
note("undefined", () => p(undefined));
note("null", () => p(null));
note("number", () => p(5));
note("record", () => p({ a: 1, b: "x", c: null }));
note("record dup", () => p({ "\ud800": "a", "\ufffd": "b" }));
note("record symbol", () => p({ [Symbol("a")]: 1, b: 2 }));
note("pairs", () => p([["a", 1], ["b", 2]]));
note("pairs short", () => p([["a"]]));
note("pairs long", () => p([["a", "b", "c"]]));
note("pairs string", () => p(["ab", "cd"]));
note("pairs not iterable", () => p([1]));
note("array flat", () => p(["a"]));
note("map", () => p(new Map([["a", "b"]])));
note("set", () => p(new Set([["a", "b"]])));
note("params", () => p(new URLSearchParams("a=b&c=d")));
note("generator", () => p((function* () { yield ["a", "b"]; })()));
note("function", () => p(() => {}));
note("formdata", () => { const f = new FormData(); f.append("a", "b"); return p(f); });
note("symbol", () => p(Symbol("x")));
note("string object", () => p(new String("a=b")));
note("boolean", () => p(true));
note("date proto", () => p(Object.create({ a: 1 })));
note("non enumerable", () => p(Object.defineProperty({ b: 2 }, "a", { value: 1 })));
note("iterator null", () => p({ [Symbol.iterator]: null, a: "b" }));
note("iterator number", () => p({ [Symbol.iterator]: 1, a: "b" }));
const q = () => new URLSearchParams("a=1&b=2&a=3&c=");
note("get", () => [q().get("a"), q().get("z"), q().get("c")]);
note("getAll", () => [q().getAll("a"), q().getAll("z")]);
note("has", () => [q().has("a"), q().has("z"), q().has("a", "3"), q().has("a", "2"), q().has("a", undefined), q().has("a", null)]);
note("set", () => { const x = q(); x.set("a", "9"); x.set("z", 1); return String(x); });
note("append", () => { const x = q(); return [x.append("a", { toString: () => "o" }), String(x)]; });
note("delete", () => { const x = q(); return [x.delete("a"), String(x)]; });
note("delete value", () => { const x = q(); return [x.delete("a", "3"), String(x)]; });
note("delete undefined", () => { const x = q(); x.delete("a", undefined); return String(x); });
note("sort", () => { const x = new URLSearchParams("z=1&a=2&z=0&\ud83d\ude00=3&\ufffd=4&b=5"); x.sort(); return String(x); });
note("size", () => q().size);
note("keys", () => [...q().keys()]);
note("values", () => [...q().values()]);
note("entries", () => [...q().entries()]);
note("forEach", () => { const all = []; const r = q().forEach(function (v, k, o) { all.push(v, k, o instanceof URLSearchParams, this?.x ?? "none"); }, { x: 7 }); return [r === undefined, all]; });
note("forEach sloppy this", () => { const all = []; q().forEach((...a) => all.push(a.length)); return all; });
for (const m of ["get", "getAll", "has", "set", "append", "delete", "forEach"]) {
  note(`${m}()`, () => q()[m]());
  if (m === "set" || m === "append") note(`${m}(1)`, () => q()[m]("a"));
}
note("forEach bad", () => q().forEach("x"));
note("get coerces", () => [new URLSearchParams("null=1&undefined=2&5=3").get(null), new URLSearchParams("undefined=2").get(undefined), new URLSearchParams("5=3").get(5)]);
note("get symbol", () => q().get(Symbol("a")));
note("live iteration", () => { const x = q(); const all = []; for (const [k] of x) { all.push(k); if (k === "b") x.delete("a"); } return all; });
note("live append", () => { const x = new URLSearchParams("a=1"); const all = []; let n = 0; for (const [k] of x) { all.push(k); if (n++ < 3) x.append("n" + n, ""); } return all; });
note("iterator next", () => { const i = new URLSearchParams("a=1").entries(); return [i.next(), i.next(), i.next()]; });
note("iterator next detached", () => { const i = new URLSearchParams("a=1").keys(); return i.next.call({}); });
note("iterator return", () => typeof new URLSearchParams("a=1").keys().return);
note("iterator names", () => { const i = new URLSearchParams("a=1").keys(); const d = Object.getPrototypeOf(i); return [d.next.name, d.next.length, Object.getOwnPropertyDescriptor(d, "next")]; });
note("encode", () => new URLSearchParams({ a: " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\u007f\u0080é€😀" }).toString());
note("newline", () => new URLSearchParams("a=b\r\nc").toString());
note("from entries", () => Object.fromEntries(q()));
note("extra args", () => { const x = q(); x.append("a", "b", "c"); return String(x); });
export default { fetch: () => Response.json(facts) };
