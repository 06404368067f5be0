// Routers made of URLPattern, URLs and their parameters.
// head: heads/say.js
export default run(async () => {
  const pats = [[{ pathname: "/users/:id" }, "http://x/users/42?q=1#h"], [{ pathname: "/files/*" }, "http://x/files/a/b.txt"], [{ pathname: "/:a/:b?" }, "http://x/only"], [{ pathname: "/(\\d+)" }, "http://x/12"], [{ pathname: "/:n(\\d+)-:m" }, "http://x/12-ab"], [{ hostname: ":sub.example.com" }, "https://api.example.com/x"], [{ hostname: "{*.}?example.com" }, "https://example.com/"], [{ protocol: "http{s}?" }, "https://e/"], [{ search: "a=:v" }, "http://x/?a=5"], [{ hash: "sec-:n" }, "http://x/#sec-9"], [{ pathname: "/é/:x" }, "http://x/%C3%A9/1"], [{ pathname: "/a{/:b}+" }, "http://x/a/1/2/3"], [{ pathname: "/a{/:b}*" }, "http://x/a"], [{ port: "8080" }, "http://x:8080/"], ["https://*.x.com/:p", "https://a.x.com/q"], ["/rel", "http://x/rel"], [{ username: "u" }, "http://u@x/"], [{ pathname: "/x", baseURL: "http://b/" }, "http://b/x"], [{ pathname: "/:bad(" }, "http://x/"], [{ pathname: "/A" }, "http://x/a"]];
  for (const [p, u] of pats) await t(JSON.stringify(p), () => { const pat = new URLPattern(p); const r = pat.exec(u); return [pat.test(u), r && Object.fromEntries(["protocol", "hostname", "port", "pathname", "search", "hash"].map((k) => [k, { i: r[k].input, g: { ...r[k].groups } }])), pat.pathname, pat.hostname, pat.hasRegExpGroups]; });
  await t("ignoreCase", () => new URLPattern({ pathname: "/A" }, { ignoreCase: true }).test("http://x/a"));
  await t("base", () => new URLPattern("/x/:y", "https://h.com").exec("https://h.com/x/1").pathname.groups.y);
  await t("exec obj", () => { const r = new URLPattern({ pathname: "/x" }).exec({ pathname: "/x" }); return [r.inputs, r.hostname]; });
  await t("exec base", () => new URLPattern({ pathname: "/x" }).test("x", "http://h/"));
  await t("null", () => new URLPattern({ pathname: "/x" }).exec("http://h/y"));
  await t("keys", () => Object.keys(new URLPattern({ pathname: "/x" }).exec("http://h/x")));
  const u = new URL("https://user:pa%20ss@ex.com:8443/a/b/../c?x=1&y=2#z");
  await t("url", () => [u.href, u.origin, u.username, u.password, u.host, u.pathname, u.search, u.hash, JSON.stringify({ u })]);
  await t("setters", () => { const v = new URL(u); v.port = "443"; v.hostname = "é.org"; v.protocol = "ftp:"; v.pathname = "x y"; v.search = "?q=é"; v.hash = ""; return v.href; });
  await t("canParse", () => [URL.canParse("x"), URL.canParse("x", "http://a"), URL.parse("nope"), URL.parse("http://q")?.href]);
  await t("bad", () => new URL("nope"));
  await t("bad base", () => new URL("nope", "also"));
  await t("params", () => { const p = new URLSearchParams("a=1&b=2&a=3&c"); p.append("d", "é ~!*()'"); p.sort(); p.delete("a", "1"); return [p.toString(), p.size, p.has("b", "2"), p.getAll("a"), [...p.keys()]]; });
  await t("params live", () => { const v = new URL("http://x/?a=1"); v.searchParams.set("a", "b c"); v.searchParams.append("z", "%"); return [v.href, v.search]; });
  await t("params init", () => [new URLSearchParams([["a", "b"]]).toString(), new URLSearchParams({ a: [1, 2] }).toString(), new URLSearchParams("?a=b").toString(), new URLSearchParams(new Map([["q", "r"]])).toString(), new URLSearchParams(undefined).toString(), new URLSearchParams(null).toString()]);
  await t("params bad", () => new URLSearchParams([["a"]]));
  await t("createObjectURL", () => URL.createObjectURL(new Blob([])));
  await t("params foreach del", () => { const p = new URLSearchParams("a=1&b=2&c=3"); const o = []; p.forEach((v, k) => { o.push(k); p.delete(k); }); return [o, p.toString()]; });
});
