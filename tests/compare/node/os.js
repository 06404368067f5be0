// node:os.
// flags: nodejs_compat
import os from "node:os";
const t = (f) => { try { const v = f(); return v === undefined ? "(undefined)" : v; } catch (e) { return { name: e.name, message: e.message, code: e.code, text: String(e) }; } };

export default {
  async fetch() {
    const o = {};
    o.os={};
    for (const k of Object.keys(os)) o.os[k]=t(()=>typeof os[k]==='function'?(k==='getPriority'||k==='setPriority'?os[k](0,0):os[k]()):os[k]);
    return Response.json(o);
  },
};
