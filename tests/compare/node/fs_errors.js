// What each operation of node:fs says when it fails: at once, to callbacks and by promises.
// flags: nodejs_compat
// date: 2026-04-01
import fs from "node:fs"; import fsp from "node:fs/promises";
const shown = (e) => { if (!(e instanceof Error)) return e === undefined ? "undefined" : typeof e === "object" && e !== null ? e.constructor?.name ?? "object" : typeof e === "bigint" ? `${e}n` : e; const more = ["code", "errno", "syscall", "path", "dest"].filter((key) => key in e).map((key) => `${key}=${e[key]}`).join(" "); return `${e.name}: ${e.message.slice(0, 160)} {${more}}`; };
function ready() { for (const name of fs.readdirSync("/tmp")) fs.rmSync(`/tmp/${name}`, { recursive: true, force: true }); fs.mkdirSync("/tmp/d/e", { recursive: true }); fs.writeFileSync("/tmp/f", "file"); fs.writeFileSync("/tmp/d/g", "inner"); fs.mkdirSync("/tmp/empty"); fs.symlinkSync("/tmp/f", "/tmp/lf"); fs.symlinkSync("/tmp/d", "/tmp/ld"); fs.symlinkSync("/tmp/none", "/tmp/broken"); }
const PATHS = ["/tmp/f", "/tmp/d", "/tmp/empty", "/tmp/lf", "/tmp/ld", "/tmp/broken", "/tmp/none", "/tmp/none/x", "/tmp/f/x", "/bundle", "/bundle/worker.js", "/bundle/x", "/dev/null", "/dev/x", "/", "tmp/f", "../tmp/f", "no file#?", "", "/tmp/%41", "/tmp//f", "/tmp/d/", "file:///tmp/f"];
export default { async fetch() { const out = {}; ready();
  const f = (name, work) => { let got; try { got = shown(work()); } catch (e) { got = shown(e); } if (got !== undefined) out[name] = got; };
  for (const p of PATHS) {
    f(`stat ${p}`, () => fs.statSync(p).mode); f(`lstat ${p}`, () => fs.lstatSync(p).mode); f(`stat quiet ${p}`, () => typeof fs.statSync(p, { throwIfNoEntry: false })); f(`exists ${p}`, () => fs.existsSync(p)); f(`access ${p}`, () => fs.accessSync(p)); f(`access w ${p}`, () => fs.accessSync(p, fs.constants.W_OK));
    f(`readFile ${p}`, () => String(fs.readFileSync(p)).length); f(`readdir ${p}`, () => fs.readdirSync(p).join()); f(`readlink ${p}`, () => fs.readlinkSync(p)); f(`realpath ${p}`, () => fs.realpathSync(p)); f(`chmod ${p}`, () => fs.chmodSync(p, 0o600)); f(`chown ${p}`, () => fs.chownSync(p, 1, 1)); f(`lchown ${p}`, () => fs.lchownSync(p, 1, 1)); f(`utimes ${p}`, () => fs.utimesSync(p, 1, 2)); f(`lutimes ${p}`, () => fs.lutimesSync(p, 1, 2)); f(`opendir ${p}`, () => fs.opendirSync(p).path); f(`statfs ${p}`, () => fs.statfsSync(p).type);
    for (const flags of ["r", "r+", "w", "wx", "a", "ax", "w+"]) { ready(); f(`open ${flags} ${p}`, () => { const fd = fs.openSync(p, flags); fs.closeSync(fd); return "open"; }); }
    for (const flag of ["w", "a", "wx", "r+"]) { ready(); f(`writeFile ${flag} ${p}`, () => fs.writeFileSync(p, "x", { flag })); }
    ready(); f(`appendFile ${p}`, () => fs.appendFileSync(p, "x")); ready(); f(`truncate ${p}`, () => fs.truncateSync(p, 1)); if (p !== "" && !p.endsWith("/")) { ready(); f(`unlink ${p}`, () => fs.unlinkSync(p)); }
    if (p !== "" && !p.endsWith("/")) { ready(); f(`mkdir ${p}`, () => fs.mkdirSync(p)); ready(); f(`mkdir recursive ${p}`, () => fs.mkdirSync(p, { recursive: true })); ready(); f(`rmdir ${p}`, () => fs.rmdirSync(p)); ready(); f(`rm ${p}`, () => fs.rmSync(p)); ready(); f(`rm recursive ${p}`, () => fs.rmSync(p, { recursive: true, force: true })); }
    ready(); f(`mkdtemp ${p}`, () => fs.mkdtempSync(p).replace(/\d+$/, "N"));
    for (const q of ["/tmp/f", "/tmp/d", "/tmp/new", "/tmp/none/y", "/bundle/y", "/tmp/f/y", "/tmp/lf"]) {
      if (!p.endsWith("d/")) { ready(); f(`rename ${p} ${q}`, () => fs.renameSync(p, q)); } ready(); f(`copyFile ${p} ${q}`, () => fs.copyFileSync(p, q)); ready(); f(`cp ${p} ${q}`, () => fs.cpSync(p, q)); ready(); if (p !== "/tmp/lf" && p !== "/tmp/ld") f(`cp recursive ${p} ${q}`, () => { fs.cpSync(p, q, { recursive: true }); return fs.readdirSync("/tmp", { recursive: true }).join(); }); ready(); f(`link ${p} ${q}`, () => fs.linkSync(p, q)); ready(); f(`symlink ${p} ${q}`, () => { fs.symlinkSync(p, q); return fs.readlinkSync(q); });
    }
  }
  // Arguments: what is said first where several are wrong, and by whom.
  const BAD = [undefined, null, 1, "x", {}, true];
  const NAMES = { access: 2, appendFile: 2, chmod: 2, chown: 3, copyFile: 2, cp: 2, exists: 1, lchown: 3, link: 2, lstat: 1, lutimes: 3, mkdir: 1, mkdtemp: 1, open: 1, opendir: 1, readFile: 1, readdir: 1, readlink: 1, realpath: 1, rename: 2, rm: 1, rmdir: 1, stat: 1, statfs: 1, symlink: 2, truncate: 1, unlink: 1, utimes: 3, writeFile: 2, close: 1, fchmod: 2, fchown: 3, fdatasync: 1, fstat: 1, fsync: 1, ftruncate: 1, futimes: 3 };
  const fine = (name, at) => (at > 0 ? (["link", "rename", "symlink", "copyFile", "cp"].includes(name) ? "/tmp/n" : name === "appendFile" || name === "writeFile" ? "data" : 1) : /^f(?!d)|^close|^fd/.test(name) ? 4000 : "/tmp/f");
  for (const [name, count] of Object.entries(NAMES)) {
    const args = Array.from({ length: count }, (_, at) => fine(name, at));
    for (let at = 0; at <= count; at++) for (const bad of BAD) {
      const given = [...args]; given[at] = bad;
      const said = `${name} ${at} ${typeof bad === "bigint" ? "123n" : JSON.stringify(bad)}`;
      if (/^(f?truncate [01]|fchown 0|futimes 0 1$|mkdtemp 1 null|read(link|path) 1 null|real(link|path) 1 null|appendFile 2 (1|true)$|copyFile 2 1)/.test(said)) continue;
      ready(); f(`sync ${said}`, () => { fs[`${name}Sync`](...given); });
      if (name !== "exists") { ready(); f(`callback ${said}`, () => { fs[name](...given, () => {}); }); f(`no callback ${said}`, () => { fs[name](...given); }); }
    }
  }
  for (const options of [{ recursive: 1 }, { force: 1 }, { bigint: 1 }, { encoding: "nope" }, { withFileTypes: 1 }, { flag: "zz" }, { flush: 1 }, { mode: "9" }, { mode: -1 }, { throwIfNoEntry: 1 }, { errorOnExist: 1 }, { filter: 1 }, { filter() {} }, { maxRetries: -1 }, { bufferSize: "1" }]) for (const name of ["mkdir", "rm", "rmdir", "stat", "readdir", "opendir", "readFile", "readlink", "realpath", "mkdtemp"]) f(`options ${name} ${JSON.stringify(options)}`, () => { fs[`${name}Sync`]("/tmp/none", options); });
  for (const options of [{ flag: "zz" }, { flag: "r" }, { flush: 1 }, { mode: "9" }, { encoding: "nope" }, { errorOnExist: 1 }, { filter: 1 }, { filter() {} }, { mode: -1 }, { mode: 4 }]) { f(`options writeFile ${JSON.stringify(options)}`, () => { fs.writeFileSync("/tmp/w", "x", options); }); f(`options cp ${JSON.stringify(options)}`, () => { fs.cpSync("/tmp/none", "/tmp/w", options); }); }
  const a = async (name, work) => { try { out[name] = shown(await work()); } catch (e) { out[name] = shown(e); } };
  for (const p of ["/tmp/none", "/tmp/d", "/tmp/f/x", "/bundle/x"]) for (const name of ["access", "stat", "lstat", "readFile", "readdir", "readlink", "realpath", "unlink", "rmdir", "rm", "open", "opendir", "truncate", "chmod", "chown", "lchown", "utimes"]) { ready(); await a(`promises ${name} ${p}`, () => fsp[name](p, ...(/chmod/.test(name) ? [0] : /chown|utimes/.test(name) ? [1, 1] : []))); if (name !== "chown") await a(`called ${name} ${p}`, () => new Promise((resolve) => fs[name](p, ...(/chmod/.test(name) ? [0] : /chown|utimes/.test(name) ? [1, 1] : []), (error, value) => resolve(error ?? value)))); }
  return Response.json(out); } };
