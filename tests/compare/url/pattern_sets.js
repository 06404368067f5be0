// URLPattern: sets of characters, groups and parts in the syntax of today.
// head: ../global/heads/noted.js
async function work(request, env, ctx) {
for (const p of ["[a--b]", "[[a-z]&&[aeiou]]", "[\\p{L}--[a-z]]", "[\\q{abc|d}]", "[a&&b]", "(?i:a)", "[^\\d\\w]", "\\p{Emoji_Presentation}", "[a-z]+", "(?<n>a)", "(a)|(b)", "[[]", "a{2,3}", "(?=a)a", "\\u{61}", "[\\u{61}]", "\\x41", "\\-", "[(]", "[)]", "[{]", "[|]", "[a||b]", "[!!]", "[a-]", "[-a]", "\\p{RGI_Emoji}", "\\P{RGI_Emoji}", ".", "\\.", "[.]", "(?:a|b)"]) {
  note("pattern " + p, () => { const x = new URLPattern({ pathname: `/(${p})` }); return [x.pathname, x.hasRegExpGroups, x.test({ pathname: "/a" }), x.test({ pathname: "/b" }), x.test({ pathname: "/e" }), x.test({ pathname: "/abc" }), x.test({ pathname: "/-" }), JSON.stringify(x.exec({ pathname: "/a" })?.pathname)]; });
  note("pattern i " + p, () => { const x = new URLPattern({ pathname: `/(${p})` }, { ignoreCase: true }); return [x.test({ pathname: "/A" }), x.test({ pathname: "/B" })]; });
}
for (const p of ["/:a(\\d+)?", "/:a*", "/:a+", "/*", "/{a}?", "/{a/}*", "/:a.:b", "/:a-:b", "/a\\:b", "/:é", "/:1", "/::a", "/(", "/)", "/{", "/}", "/*?", "/**", "/:a:b", "/:a(", "/:a()", "/(a)(b)", "", "a", "?", "#", "/a?b", "/\\", "/%20", "/ ", "/é", "/:a(.*)", "/(.*)/b", "//", "/a//b", "./a", "../a", "/a/../b"])
  note("path " + p, () => { const x = new URLPattern({ pathname: p }); return [x.pathname, x.hasRegExpGroups, JSON.stringify(x.exec({ pathname: "/a" })?.pathname ?? null)]; });
for (const [i, b] of [["https://a.com/*"], ["/a", "https://b.com"], ["*"], [":p://x"], ["http{s}?://a/*"], ["https://:h.com/"], ["a"], [""], ["https://a:8080/"], ["https://a:*/"], ["https://[::1]/"], ["data:a*"], ["?a", "https://b"], ["#h", "https://b"], ["https://u:p@h/"], ["https://a/?q=:x"], ["https://a/#:x"], ["https://A.COM/"], ["https://é.com/"], ["https://a/(?<n>b)"], ["https://*.a.com"]])
  note("str " + i + " " + b, () => { const x = b === undefined ? new URLPattern(i) : new URLPattern(i, b); return [x.protocol, x.username, x.password, x.hostname, x.port, x.pathname, x.search, x.hash]; });
}
export default {
  async fetch(request, env, ctx) {
    await work(request, env, ctx);
    return new Response(JSON.stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
