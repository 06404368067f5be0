// node:path: both kinds.
// flags: nodejs_compat
import path from "node:path";
const t = (f) => { try { return f(); } catch (e) { return { name: e.name, message: e.message, code: e.code }; } };
const paths = ["", ".", "..", "/", "//", "a", "a/b/../c", "/a/./b//c/", "../../a", "a.b.c", ".bashrc", "a/.x.y", "a.", "/a/b.txt/", "C:\\a\\b", "c:/a/../b", "\\\\srv\\share\\x", "a\\b", "C:", "C:a", "//srv/share", "file.", "..a", "a/..", "/..", "./a", "CON", "a:b"];
export default {
  async fetch() {
    const o = {};
    for (const [n, p] of [["posix", path.posix], ["win32", path.win32]]) {
      for (const k of ["normalize", "dirname", "basename", "extname", "isAbsolute", "parse", "toNamespacedPath"]) o[n + "_" + k] = paths.map((x) => t(() => p[k](x)));
      o[n + "_format"] = paths.map((x) => t(() => p.format(p.parse(x)))); o[n + "_resolve"] = paths.map((x) => (n === "posix" ? t(() => p.resolve(x)) : t(() => p.resolve("D:\\base", x)))); o[n + "_join"] = paths.map((x) => t(() => p.join("x/y", x, "..", "z")));
      o[n + "_rel"] = paths.map((x) => t(() => p.relative(n === "posix" ? "/a/b/c" : "C:\\a\\b", x))); o[n + "_base"] = [["a.txt", ".txt"], ["a.txt", "txt"], ["/a/b.txt/", ".txt"], ["a", "a"], ["aa", "a"], ["a.txt", ""]].map((a) => t(() => p.basename(...a)));
      o[n + "_wrong"] = ["normalize", "dirname", "basename", "extname", "isAbsolute", "parse", "join", "resolve", "relative", "format", "toNamespacedPath", "matchesGlob"].map((k) => [t(() => p[k](5)), t(() => p[k]()), t(() => p[k](null, "x"))]); o[n + "_wrong2"] = [t(() => p.basename("a", 5)), t(() => p.relative("a", 5)), t(() => p.join("a", {})), t(() => p.resolve("a", 5)), t(() => p.format("x"))];
      o[n + "_fmt"] = [{ dir: "/d", base: "b" }, { root: "/", name: "n", ext: ".e" }, { root: "/", name: "n", ext: "e" }, { dir: "/", root: "/", base: "x" }, {}, { name: "n" }].map((a) => t(() => p.format(a))); o[n + "_sep"] = [p.sep, p.delimiter, p.posix === path.posix, p.win32 === path.win32]; o[n + "_keys"] = Object.keys(p).sort();
    }
    o.rel2 = [["/a/b", "/a/b"], ["/a/b", "/a"], ["/a", "/a/b"], ["/a/b", "/c"], ["a", "b"], ["/", "/a"], ["/a/bc", "/a/b"]].map((a) => path.relative(...a)); o.same = path === path.posix;
    return Response.json(o);
  },
};
