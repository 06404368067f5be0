// In which order a blob's and a file's parts and options are taken, and what a body's type is as its blob has it.
// date: 2026-04-01
const facts = {};
const fact = async (name, f) => { try { facts[name] = await f(); } catch (e) { facts[name] = `throws ${e.name}: ${e.message}`; } };
const spied = (log, o) => new Proxy(o, { get: (target, key) => (log.push(String(key)), target[key]) });
const named = (log, name) => ({ toString() { log.push(name); return name; } });

export default {
  async fetch() {
    await fact("blob", () => { const log = []; new Blob([named(log, "a"), named(log, "b")], spied(log, { type: named(log, "t") })); return log; });
    await fact("file", () => { const log = []; new File([named(log, "a")], named(log, "n"), spied(log, { type: named(log, "t"), lastModified: { valueOf() { log.push("m"); return 3; } } })); return log; });
    await fact("a part that throws", () => { const log = []; try { new Blob([{ toString() { throw new Error("part"); } }], spied(log, {})); } catch (e) { log.push(e.message); } return log; });
    await fact("parts and options that are wrong", () => new Blob([{ toString() { throw new Error("part"); } }], 5));
    await fact("file without a name", () => new File([{ toString() { throw new Error("part"); } }]));
    await fact("more parts meanwhile", () => { const parts = [{ toString() { parts.push("more"); return "a"; } }, "b"]; return new Blob(parts).text(); });
    await fact("fewer parts meanwhile", () => { const parts = [{ toString() { parts.pop(); return "a"; } }, "b", "c"]; return new Blob(parts).text(); });
    for (const type of [
      "text/html;charset =gbk", "text/html;charset= gbk", 'text/html;charset= "gbk"', "text/html;\x0bcharset=gbk", "text/html;charset=\x0cgbk", "text/html; charset=gbk ", "TEXT/HTML;CHARSET=GBK",
      'text/html;charset="gbk', 'text/html;charset=";charset=GBK', 'text/html;valid=";";foo=bar', 'text/html;in]valid=";asd=foo";foo=bar', 'text/html;charset="\x7f;charset=foo";charset=GBK',
      'x/x;test="\\', 'x/x;test="a\\b"c;d=e', "x/x;x=\x01;bonus=x", "x/x;x=\x7f;bonus=x", 'x/x;a=""', "x/x;a=;b=c", "x/x;a", "x/x;;a=b", "\\/x", "x/x;\\=x;bonus=x", "x/y/z", "x /y", " x/y ", "x", "",
      "multipart/form-data; boundary=AbC", "text/plain;a=1;a=2", "text/plain;a=é", "text/plain;charset=utf-8, text/html;charset=x", "application/json ; x=y",
    ]) {
      await fact(`type ${JSON.stringify(type)}`, async () => { const response = new Response("x"); response.headers.set("content-type", type); return (await response.blob()).type; });
      if (!/[^ -~]|,/.test(type)) await fact(`data URL ${type}`, async () => (await fetch(`data:${type},X`)).headers.get("content-type"));
    }
    return Response.json(facts);
  },
};
