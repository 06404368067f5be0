// node:timers, and the globals beside it.
// flags: nodejs_compat
import timers from "node:timers";
const t = (f) => { try { const v = f(); return v === undefined ? "(undefined)" : v; } catch (e) { return { name: e.name, message: e.message, code: e.code, text: String(e) }; } };

export default {
  async fetch() {
    const o = {};
    const tm = timers.setTimeout(()=>{},1);
    o.tm={keys:Object.keys(tm), cn:tm.constructor.name, hasRef:tm.hasRef(), ref:tm.ref()===tm, un:tm.unref()===tm, hr2: tm.hasRef(), prim: typeof tm[Symbol.toPrimitive](), rf: tm.refresh()===tm, pr: Object.getOwnPropertyNames(Object.getPrototypeOf(tm)), close: tm.close()===tm};
    const im=setImmediate(()=>{});
    o.im={t: typeof im, cn: im.constructor?.name, keys:Object.keys(im), pr: Object.getOwnPropertyNames(Object.getPrototypeOf(im)).sort()};
    o.gt = typeof setTimeout(()=>{},1);
    o.tp=[timers.setTimeout===globalThis.setTimeout, timers.setImmediate===globalThis.setImmediate, timers.promises.setTimeout.length];
    o.en = t(()=>timers.setTimeout('x'));
    
    o.gd=(()=>{const r={};
    for (const k of ['setImmediate','clearImmediate','setTimeout']) { let p=globalThis; let d=0; while(p && !Object.getOwnPropertyDescriptor(p,k)){p=Object.getPrototypeOf(p);d++;} r[k]=p?[d,Object.keys(Object.getOwnPropertyDescriptor(p,k)).join(), Object.getOwnPropertyDescriptor(p,k).enumerable]:null;} return r})();
    return Response.json(o);
  },
};
