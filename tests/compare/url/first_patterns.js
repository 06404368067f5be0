// date: 2025-04-30
// Patterns of URLs before their standard (`urlpattern_original`): what they do not tell is empty, or their base's.
const PARTS = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];
const TEXTS = ["http://h/a", "http://h/a?b", "http://h/a#c", "http://h", "https://*/x", "*://*/*", "http://h:*/", "?x", "/a", "", "http://h/a?", "{http}://h/", "data\\:foo", "data:foo", ":p://h/", "http{s}?://h/:id(\\d+)"];
const RELATIVE = ["a", "/a", "?b", "#c", "", "../z", "/a?b", "{/a}"];
const MEMBERS = [
  {}, { pathname: "/a" }, { pathname: "a", baseURL: "http://h/b/c?d#e" }, { search: "x", baseURL: "http://h/b?c#d" }, { hash: "x", baseURL: "http://h/b?c#d" },
  { baseURL: "http://u:p@h:9/b?c#d" }, { protocol: "https", baseURL: "http://h/b" }, { hostname: "x", baseURL: "http://h/b?q" }, { baseURL: "bad" }, { pathname: "" },
];

export default {
  async fetch() {
    const facts = {};
    const fact = (name, f) => {
      try {
        facts[name] = f();
      } catch (error) {
        facts[name] = `${error.name}: ${error.message}`;
      }
    };
    const parts = (...given) => PARTS.map((name) => new URLPattern(...given)[name]);
    for (const text of TEXTS) fact(text, () => parts(text));
    for (const text of RELATIVE) fact(`${text} of a base`, () => parts(text, "http://u:p@h:8/c/d?e#f"));
    for (const members of MEMBERS) fact(JSON.stringify(members), () => parts(members));
    fact("bad base", () => parts("/a", "bad"));
    fact("base beside members", () => parts({ pathname: "/a" }, "http://h"));
    for (const [pattern, address] of [["http://h/a", "http://h/a?q"], ["http://h/a", "http://h/a#q"], ["http://h/a", "http://u@h/a"], ["http://h/a*", "http://h/ab"], [{ pathname: "/a" }, "http://h/a?q#r"]]) {
      fact(`${JSON.stringify(pattern)} of ${address}`, () => [new URLPattern(pattern).test(address), new URLPattern(pattern).exec(address)]);
    }
    const pattern = new URLPattern({ pathname: "/a" });
    fact("members", () => pattern.exec({ pathname: "/a", baseURL: "http://h" }));
    fact("members of a bad base", () => pattern.test({ pathname: "/a", baseURL: "bad" }));
    fact("members and a base", () => pattern.test({}, "http://h"));
    fact("names", () => Object.getOwnPropertyNames(URLPattern.prototype));
    return Response.json(facts);
  },
};
