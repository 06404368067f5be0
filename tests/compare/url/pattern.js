// URLPattern: constructing, components, test, exec, groups, options and the errors of it.
const facts = {};
function note(name, f) {
  try {
    const value = f();
    facts[name] = value === undefined ? "undefined" : value;
  } catch (error) {
    facts[name] = `${error?.constructor?.name} ${error?.name}: ${error?.message}`;
  }
}
const PARTS = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];
const show = (p) => PARTS.map((k) => p[k]).join(" | ") + " " + p.hasRegExpGroups;
for (const args of [
  [], [{}], ["https://example.com/*"], ["https://example.com/:id/(\\d+)?x=*#h"], ["/books/:id", "https://example.com"], ["/books/:id"], [{ pathname: "/a/:b" }], [{ pathname: "/a/:b?" }], [{ pathname: "/a/:b+" }], [{ pathname: "/a/:b*" }],
  [{ pathname: "/a/{b}?" }], [{ pathname: "/a{/:b}*" }], [{ hostname: "*.example.com" }], [{ hostname: ":sub.example.com", protocol: "http{s}?" }], [{ pathname: "/(foo|bar)" }], [{ pathname: "/:x(\\d+)-:y([a-z]+)" }], [{ search: "a=:b" }], [{ hash: ":h" }],
  [{ port: "8080" }], [{ protocol: "https", port: "443" }], [{ protocol: "(https?)" }], [{ pathname: "a", baseURL: "https://h/x/y" }], [{ pathname: "/ü" }], [{ hostname: "münchen.de" }], [{ username: "u", password: "p" }], ["https://user:pass@h/"], ["https://h:80*/"], ["http://[\\:\\:1]/"],
  ["data\\:foo*"], [{ pathname: "/:" }], [{ pathname: "/(" }], [{ pathname: "/{" }], [{ pathname: "/(?:a)" }], [{ pathname: "/:a/:a" }], ["bad", "bad"], [{ baseURL: "bad" }], [{ port: "abc" }], [{ hostname: "a b" }], [{ protocol: "1" }], [{}, "https://h"], [5], [null], [undefined], ["https://h/A", { ignoreCase: true }], [{ pathname: "/A" }, { ignoreCase: true }],
  [{ pathname: "/A/:b" }, { ignoreCase: true }], ["/a", "https://h", { ignoreCase: true }], [{ pathname: "/a/**" }], [{ pathname: "*" }], [{ pathname: "/a/(.*)" }], ["https://h/a?b"], ["https://h/a\\?b"], ["https://h/:id?x"], [{ pathname: "/\\d" }], [{ search: "?a" }], [{ hash: "#a" }], ["*"], ["*://*:*/*"], [{ pathname: "/%41/é" }], [Symbol("a")], [[]], [() => {}], ["/a", 5], ["/a", null], [{ pathname: null }], [{ pathname: 7 }],
]) note(`new ${JSON.stringify(args, (k, v) => (v === undefined ? "undefined" : typeof v === "symbol" || typeof v === "function" ? typeof v : v))}`, () => show(new URLPattern(...args)));
const cases = [
  [[{ pathname: "/books/:id" }], ["https://e.com/books/123"]], [[{ pathname: "/books/:id" }], ["https://e.com/books/"]], [[{ pathname: "/books/:id?" }], ["https://e.com/books"]], [[{ pathname: "/a/*" }], ["https://e.com/a/b/c"]], [[{ pathname: "/a/:b/*" }], [{ pathname: "/a/x/y" }]],
  [["https://*.example.com/:p(\\d+)"], ["https://w.example.com/42?x#y"]], [["https://*.example.com/:p(\\d+)"], ["https://w.example.com/ab"]], [["/foo", "https://h"], ["/foo", "https://h"]], [["/foo", "https://h"], ["foo", "https://h/x"]], [["/foo", "https://h"], ["/foo"]], [[{ search: "q=:v" }], ["https://h/?q=1"]], [[{ hash: "*" }], ["https://h/#abc"]],
  [[{ pathname: "/:a(\\d+)?/:b?" }], ["https://h/12/z"]], [[{ pathname: "/:a(\\d+)?/:b?" }], ["https://h/z"]], [[{ pathname: "/A" }, { ignoreCase: true }], ["https://h/a"]], [[{ pathname: "/A" }], ["https://h/a"]], [[], ["https://u:p@h:8/p?q#f"]], [[], [{}]], [[], []], [[{ pathname: "/a{/:b}*" }], ["https://h/a/b/c"]], [[{ pathname: "/a{/:b}+" }], ["https://h/a"]],
  [[{ hostname: "xn--mnchen-3ya.de" }], ["https://münchen.de/"]], [[{ pathname: "/é" }], ["https://h/é"]], [[{ port: "80", protocol: "http" }], ["http://h/"]], [[{ pathname: "/:x" }], [{ pathname: "/a", baseURL: "https://h" }]], [[{ pathname: "/:x" }], [{ pathname: "/a" }, "https://h"]], [[{ pathname: "/:x" }], [5]], [[{ pathname: "/:x" }], ["bad"]], [[{ pathname: "/([a-z]+)-([0-9]+)" }], ["https://h/ab-12"]], [["https://h/:p"], [new URL("https://h/x")]], [[{ protocol: "http{s}?" }], ["https://h/"]], [[{ protocol: "(ws|wss)" }], ["wss://h/"]], [[{ pathname: "/:id.:ext" }], ["https://h/file.png"]],
];
for (const [make, input] of cases) {
  note(`test ${JSON.stringify(make)} ${JSON.stringify(input)}`, () => new URLPattern(...make).test(...input));
  note(`exec ${JSON.stringify(make)} ${JSON.stringify(input)}`, () => new URLPattern(...make).exec(...input));
}
note("exec keys", () => Object.keys(new URLPattern({}).exec("https://h/")));
note("exec groups undefined", () => { const g = new URLPattern({ pathname: "/:a?/b/:c" }).exec("https://h/b/1").pathname.groups; return [Object.keys(g), g.a === undefined, Object.getPrototypeOf(g) === Object.prototype]; });
note("readonly", () => { const p = new URLPattern({}); return Object.getOwnPropertyDescriptor(URLPattern.prototype, "pathname").set === undefined; });
note("test()", () => new URLPattern({}).test());
note("exec symbol", () => new URLPattern({}).exec(Symbol("a")));
note("tag", () => Object.prototype.toString.call(new URLPattern({})));
export default { fetch: () => Response.json(facts) };
