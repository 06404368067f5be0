// node:fs glob: what patterns find below a folder, and what is left out.
// flags: nodejs_compat
// date: 2026-04-01
import fs from "node:fs"; import fsp from "node:fs/promises";
const shown = (e) => `${e?.name} ${e?.code} ${e?.message}`;
export default { async fetch() { const out = {};
  for (const path of ["a/b/c/d", "a/abcdef/g/h", "a/abcfed/g/h", "a/bc/e/f", "a/.b", "a/b/.b", "a/x y", "b.js", "c.ts", "d/e.test.js", "[z]", "q{1}"]) { fs.mkdirSync(`/tmp/g/${path.split("/").slice(0, -1).join("/")}`, { recursive: true }); fs.writeFileSync(`/tmp/g/${path}`, "x"); }
  const cwd = "/tmp/g"; const f = (name, work) => { try { out[name] = work(); } catch (e) { out[name] = shown(e); } };
  for (const pattern of ["*", "**", "a/*", "a/**", "**/*.js", "*.{js,ts}", "**/f", "a/?c*", "a/[!a]*", "a/+(b|bc)/*", "a/!(b)/**", "a/@(b|x y)", "*(a|b).js", "./a/./b", "a//b//c", "a/b/../bc", "a/b/", "**/**/h", "**/../b.js", "a/{b,{bc,abcdef}}/*", "{}", "{a}", "", ".", "..", "/", "none", "a/b/c/d/e", "d/*.test.js", "a/**/d", "**/.b", ".*", "a/.*", "\\a", "{b.js,b.js}", "*.[jt]s", "q\\{1\\}"]) { f(`glob ${pattern}`, () => fs.globSync(pattern, { cwd }).sort()); f(`types ${pattern}`, () => fs.globSync(pattern, { cwd, withFileTypes: true }).map((each) => `${each.parentPath} ${each.name} ${each.isDirectory()}`).sort()); }
  for (const exclude of [["**"], ["a/**"], ["**/*.js", "*.ts"], ["a/{b,bc}/**"], [], ["a"], ["./a/*"], (path) => path.startsWith("a")]) f(`exclude ${exclude}`, () => fs.globSync("**", { cwd, exclude }).sort());
  f("several", () => fs.globSync(["*.js", "*.ts", "*.js"], { cwd })); f("url", () => fs.globSync("*.js", { cwd: new URL("file:///tmp/g") })); f("other cwd", () => fs.globSync("*", { cwd: "/tmp/g/a/b" }).sort()); f("no cwd", () => fs.globSync("*.js")); f("wrong cwd", () => fs.globSync("*", { cwd: "/none" }));
  for (const bad of [1, null, undefined, {}, [1], ["a", null]]) f(`pattern ${JSON.stringify(bad)}`, () => fs.globSync(bad)); for (const bad of [1, null, "x", { cwd: 1 }, { exclude: 1 }]) f(`options ${JSON.stringify(bad)}`, () => fs.globSync("*", bad));
  out.callback = await new Promise((resolve) => fs.glob("a/b/**", { cwd }, (error, found) => resolve([error, found.sort()]))); const seen = []; for await (const each of fsp.glob("**/*.js", { cwd })) seen.push(each); out.promises = seen.sort();
  return Response.json(out); } };
