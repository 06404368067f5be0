// Headers: constructing, values, encoding, guards, iteration, cookies, and the errors of it.
const facts = {};
function note(name, f) {
  try {
    const value = f();
    facts[name] = value === undefined ? "undefined" : value;
  } catch (error) {
    facts[name] = `${error?.constructor?.name} ${error?.name}: ${error?.message}`;
  }
}
const all = (...a) => [...new Headers(...a)];
const h = () => new Headers([["b", "1"], ["A", "2"], ["b", "3"], ["Set-Cookie", "x=1"], ["set-cookie", "y=2"], ["c", ""]]);
function work() {
for (const [name, init] of Object.entries({ none: undefined, null: null, object: { b: "1", A: 2 }, pairs: [["b", "1"], ["a", "2"], ["b", "3"]], map: new Map([["x", "y"]]), headers: new Headers({ q: "r" }), empty: {}, array: [], number: 5, string: "a", bool: true, flat: ["ab"], short: [["a"]], long: [["a", "b", "c"]], inner: [1], nulls: { a: null, b: undefined }, symbol: Symbol("a"), func: () => {}, date: new Date(0), generator: (function* () { yield ["a", "b"]; yield new Set(["c", "d"]); })(), iterNull: { [Symbol.iterator]: null, a: "b" }, emptyName: { "": "x" }, badName: { "a b": "x" }, badName2: { "a:": "x" }, badValue: { a: "x\ny" }, nul: { a: "x\u0000y" }, response: new Response("x", { headers: { a: "b" } }), params: new URLSearchParams("a=b&c=d"), symbolKey: { [Symbol("a")]: "b", c: "d" } })) note(`init ${name}`, () => all(init));
note("init proto", () => all(Object.create({ a: "b" })));
note("init getter", () => all({ get a() { throw new RangeError("mine"); } }));
note("get", () => [h().get("b"), h().get("B"), h().get("a"), h().get("z"), h().get("c"), h().get("set-cookie")]);
note("has", () => [h().has("B"), h().has("z")]);
note("all", () => all(h()));
note("keys", () => [...h().keys()]);
note("values", () => [...h().values()]);
note("entries", () => [...h().entries()]);
note("getSetCookie", () => [h().getSetCookie(), new Headers().getSetCookie()]);
note("getAll", () => [h().getAll("set-cookie"), h().getAll("Set-Cookie"), new Headers().getAll("SET-COOKIE")]);
note("getAll other", () => h().getAll("b"));
note("getAll()", () => h().getAll());
note("set", () => { const x = h(); const r = x.set("B", "9"); x.set("New", "n"); return [r === undefined, all(x)]; });
note("set cookie", () => { const x = h(); x.set("set-cookie", "z=3"); return [x.getSetCookie(), x.get("set-cookie")]; });
note("append", () => { const x = h(); x.append("b", "4"); x.append("Set-Cookie", "z"); return all(x); });
note("delete", () => { const x = h(); const r = x.delete("B"); x.delete("zzz"); return [r === undefined, all(x)]; });
note("forEach", () => { const seen = []; const t = {}; const x = h(); const r = x.forEach(function (v, k, o) { seen.push([k, v, o === x, this === t]); }, t); return [r === undefined, seen]; });
note("forEach bad", () => h().forEach("x"));
note("forEach()", () => h().forEach());
for (const m of ["get", "has", "set", "append", "delete"]) {
  note(`${m}()`, () => h()[m]());
  note(`${m} empty`, () => h()[m]("", "x"));
  note(`${m} space`, () => h()[m]("a b", "x"));
  note(`${m} unicode`, () => h()[m]("ü", "x"));
  note(`${m} far`, () => h()[m]("\u0100", "x"));
  note(`${m} number`, () => h()[m](5, "x") ?? "fine");
  note(`${m} null`, () => h()[m](null, "x") ?? "fine");
  note(`${m} symbol`, () => h()[m](Symbol("q"), "x"));
}
for (const m of ["set", "append"]) {
  note(`${m}(1)`, () => h()[m]("a"));
  for (const value of ["", " a ", "\ta\r\n", "a\r\nb", "a\nb", "a\rb", "a\u0000b", "\u0001", "\u007f", "é", "\u00ff", "\u0100", "€", "😀", "\ud800", "a\tb", "  ", "\u00a0x\u00a0", "\u000bx", "Ã©"]) note(`${m} ${JSON.stringify(value)}`, () => { const x = new Headers(); x[m]("a", value); return x.get("a"); });
  note(`${m} values`, () => { const x = new Headers(); x[m]("a", 5); x[m]("b", null); x[m]("c", undefined); x[m]("d", { toString: () => "o" }); x[m]("e", ["p", "q"]); return all(x); });
  note(`${m} symbol value`, () => new Headers()[m]("a", Symbol("q")));
}
for (const name of ["Content-Type", "X_Y", "x.y", "x!y", "x#$%&'*+-.^_`|~", "1", "x/y", "x(y", "x\"y", "x,y", "x;y", "x{y", "x\u007fy", "x\ty"]) note(`name ${JSON.stringify(name)}`, () => all({ [name]: "v" }));
note("order", () => all([["z", "1"], ["a", "2"], ["M", "3"], ["a-b", "4"], ["a_b", "5"], ["ab", "6"]]));
note("joins", () => { const x = new Headers(); x.append("Cookie", "a=1"); x.append("cookie", "b=2"); x.append("Accept", "x"); x.append("accept", ""); return all(x); });
note("live", () => { const x = new Headers({ a: "1", b: "2" }); const seen = []; for (const [k] of x) { seen.push(k); x.append("c", "x"); x.delete("b"); } return seen; });
note("copy is separate", () => { const x = new Headers({ a: "1" }); const y = new Headers(x); y.set("a", "2"); return [x.get("a"), y.get("a")]; });
note("copy case", () => [...new Headers(new Headers({ "X-Upper": "1" }))]);
note("from entries", () => Object.fromEntries(h()));
note("iterator is entries", () => Headers.prototype[Symbol.iterator] === Headers.prototype.entries);
note("spread object", () => ({ ...h() }));
note("iterator", () => { const i = h().keys(); return [Object.prototype.toString.call(i), i[Symbol.iterator]() === i, i.next(), typeof i.return]; });
}
export default {
  fetch(request) {
    work();
    for (const m of ["set", "append", "delete"]) note(`incoming ${m}`, () => request.headers[m]("x-a", "b"));
    note("incoming delete missing", () => request.headers.delete("nothing"));
    note("incoming set bad", () => request.headers.set("a b", "c"));
    note("incoming same", () => request.headers === request.headers);
    note("copy mutable", () => { const x = new Headers(request.headers); x.set("x-a", "b"); return x.get("x-a"); });
    note("request copy mutable", () => { const x = new Request(request); x.headers.set("x-a", "b"); return x.headers.get("x-a"); });
    note("clone immutable", () => { const x = request.clone(); x.headers.set("x-a", "b"); return x.headers.get("x-a"); });
    note("redirect immutable", () => Response.redirect("http://a/").headers.set("a", "b"));
    note("redirect append", () => Response.redirect("http://a/").headers.append("a", "b"));
    note("error immutable", () => Response.error().headers.set("a", "b"));
    note("json mutable", () => { const r = Response.json({}); r.headers.set("a", "b"); return [...r.headers]; });
    return new Response(JSON.stringify(facts), { headers: [["content-type", "application/json"], ["x-latin", "é"], ["x-far", "€"], ["X-Case", "Kept"], ["set-cookie", "a=1"], ["Set-Cookie", "b=2"], ["x-two", "1"], ["x-two", "2"]] });
  },
};
