// Small ends: ids of a process, terminals that are none, MIME types, intervals that are aborted.
// flags: nodejs_compat
// date: 2026-04-01
import process from "node:process"; import tty from "node:tty"; import util from "node:util"; import tp from "node:timers/promises";
export default { async fetch() { const out = {}; const f = (name, work) => { try { const got = work(); out[name] = got === undefined ? "fine" : got; } catch (e) { out[name] = `${e?.constructor?.name} ${e?.name} ${e?.code} ${e?.message}`; } };
  for (const name of ["setuid", "seteuid", "setgid", "setegid", "setgroups", "initgroups"]) for (const id of [0, 1000, "x", undefined, [0], []]) f(`${name} ${JSON.stringify(id)}`, () => process[name](id));
  for (const name of ["cursorTo", "moveCursor", "clearLine", "clearScreenDown"]) for (const args of [[], [1, 2], [1], ["cb"], [1, "cb"], [1, 2, "cb"]]) f(`tty ${name} ${args}`, () => { let count = 0; const got = tty.WriteStream.prototype[name].call({}, ...args.map((each) => (each === "cb" ? () => count++ : each))); return [got, count]; });
  for (const text of ["text/plain", "text/plain;a=b", "text/plain; a=b;c=d", "Text/HTML ; A=\"b c\" ; e = f", "a/b;a=1;a=2;b", "a/b;c=\"x\\\"y\""]) f(`mime ${text}`, () => { const type = new util.MIMEType(text); const first = String(type); type.params.set("z", "1 2"); return [first, String(type), String(type.params), JSON.stringify(type), [...type.params].length]; });
  const seen = []; const controller = new AbortController(); try { for await (const each of tp.setInterval(1, "v", { signal: controller.signal })) { seen.push(each); await tp.setTimeout(6); if (seen.length === 2) controller.abort(); if (seen.length > 60) break; } } catch (e) { seen.push(`${e.name} ${e.code}`); } out.interval = [seen.at(-1), seen.length < 60];
  return Response.json(out); } };
