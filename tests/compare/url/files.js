// Addresses of files: drives, hosts, empty segments, bases, and what setting parts makes of them; origins of blobs.
const facts = {};
const TEXTS = ["file:///a/b?x#y", "file:///C|/x", "file:c:\\foo\\bar.html", "  File:c|////foo\\bar.html", "C|/foo/bar", "file:///a b/\u00e9?q '\u00e9#f `", "file://localhost", "file:", "file:?q", "file:#f", "file:a", "file:..", "file:///../C:/..", "file:///C:/..", "file:///C:/../..", "file://x:80/", "file://u@h/", "file://EX%41mple.com/a", "file://a b/", "file://%zz/", "file:///%2e%2e/a/%2E", "file:\t/\n/host\r/p", "file:///a/./b/../c/", "file://1.2/x", "file://[::1]/x", "fi\nle:///x", "/x", "//h/x", "x", "?q", "#f", "", "\\\\h\\x", "file://spider///", "file:////foo", "file:.//p", "file://localhost//a//../..//foo", "/C:/", "////one/two", "file:\\\\localhost//"];
const BASES = [undefined, "file:///base/dir/f?q#h", "file:///C:/dir/f", "file://host/dir/f", "file://host/D:/dir/f", "http://h/p"];
export default {
  fetch() {
    for (const base of BASES) {
      for (const text of TEXTS) {
        const name = `${text} ${base}`;
        try {
          const url = base === undefined ? new URL(text) : new URL(text, base);
          facts[name] = [url.href, url.host, url.pathname, url.search, url.hash, url.origin, URL.canParse(text, base)].join(" | ");
          url.hash = "z";
          url.search = "y";
          facts[`${name} set`] = url.href;
        } catch (error) {
          facts[name] = String(error);
        }
      }
    }
    for (const [href, path] of [["file:///unicorn", "//\\/"], ["file:///unicorn", "//monkey/..//"], ["file://monkey/", "\\\\"], ["file:///a?q#h", "b c/../d"], ["file://h/a", ""]]) {
      const url = new URL(href);
      url.pathname = path;
      facts[`${href} path ${path}`] = url.href;
    }
    for (const text of ["blob:http://a/b", "blob:https://a:8/b", "blob:file:///x", "blob:ws://x/", "blob:x", "blob:", "blob:data:x"]) facts[text] = new URL(text).origin;
    return Response.json(facts);
  },
};
