// Bytes in queries that are no UTF-8, and what setters of addresses take in special cases.
const facts = {};
const QUERIES = ["%ff", "%ff%fe", "%C3%28", "a%80b", "%ED%A0%80", "%E2%82%AC", "%", "%zz", "a+b", "%2B"];

export default {
  async fetch() {
    facts.queries = QUERIES.map((text) => {
      const value = new URLSearchParams(`a=${text}`), name = new URLSearchParams(`${text}=1`);
      return [value.get("a"), String(value), String(name), value.has("a", value.get("a")), String(new URLSearchParams(value)), [...value], value.getAll("a")];
    });
    const url = new URL("http://h/?a=%e9&b=1");
    url.searchParams.append("c", "2");
    facts.kept = url.href;
    const sorted = new URLSearchParams("%ff=1&%fe=2&a=%80&\u{1f308}=3&\ufb03=4");
    sorted.sort();
    facts.sorted = String(sorted);
    const set = new URLSearchParams("%ff=1&\ufffd=2&\ufffd=3");
    set.set("\ufffd", "4");
    facts.set = String(set);
    const SETTERS = {
      host: ["xn--", "xn--a", "Xn--A.com:81", "a.xn--b", "xn--é", "xn--%41", "\t", "\tz:\n9"],
      hostname: ["xn--", "xn--a", "\ta"],
      port: ["\n\t", "\t9", "9\n0", ""],
      pathname: ["\t/x\n", "/\t/x", "\tx", "//x", "..//x", "/.//x", "", "/", "a?b#c"],
    };
    for (const base of ["http://h:81/p?q#f", "file://h/c:/d", "foo://h:5/p?q#f", "foo:/a?q#f", "foo:/.//a", "foo:///p", "mailto:a"]) {
      for (const [name, values] of Object.entries(SETTERS)) {
        facts[`${base} ${name}`] = values.map((value) => {
          const changed = new URL(base);
          changed[name] = value;
          return [changed.href, changed[name]];
        });
      }
    }
    return Response.json(facts);
  },
};
