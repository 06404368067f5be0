// respondWith: late, twice, with what is no answer, with rejections; and what a second listener still hears.
// script: classic
// requests: GET /twice; GET /late; GET /none; GET /reject; GET /rejectval; GET /notresp; GET /undef; GET /null; GET /str; GET /throwAfter; GET /throwBefore; GET /waitReject; GET /pass; GET /passThrow; GET /stop; GET /asyncListener; GET /respondAsync; GET /thenable; GET /sameResponse; GET /sameResponse; GET /used; GET /waitAfter; GET /prevent; GET /ret; GET /facts
const facts = {}; let kept; const at = (f) => { try { const v = f(); return v === undefined ? "undefined" : typeof v === "object" ? "obj" : v; } catch (e) { return `${e.constructor.name} ${e.name}: ${e.message}`; } };
let same; let order = [];
addEventListener("fetch", (e) => {
  const p = new URL(e.request.url).pathname.slice(1);
  if (p === "facts") return;
  switch (p) {
    case "twice": e.respondWith(new Response("1")); facts.twice = at(() => e.respondWith(new Response("2"))); break;
    case "late": kept = e; setTimeout(() => { facts.late = at(() => e.respondWith(new Response("l"))); }, 1); break;
    case "none": break;
    case "reject": e.respondWith(Promise.reject(new Error("rej"))); break;
    case "rejectval": e.respondWith(Promise.reject(5)); break;
    case "notresp": facts.notresp = at(() => e.respondWith({})); break;
    case "undef": facts.undef = at(() => e.respondWith()); break;
    case "null": facts.null = at(() => e.respondWith(null)); break;
    case "str": facts.str = at(() => e.respondWith("text")); break;
    case "throwAfter": e.respondWith(new Response("sent")); throw new Error("after");
    case "throwBefore": throw new Error("before");
    case "waitReject": e.waitUntil(Promise.reject(new Error("w"))); e.respondWith(new Response("ok")); break;
    case "pass": facts.pass = at(() => e.passThroughOnException()); e.respondWith(new Response("p")); break;
    case "passThrow": facts.pass2 = at(() => e.passThroughOnException.call({})); e.respondWith(new Response("pt")); break;
    case "stop": e.stopImmediatePropagation(); e.respondWith(new Response("stop")); break;
    case "asyncListener": (async () => { await 1; facts.async = at(() => e.respondWith(new Response("a"))); })(); break;
    case "respondAsync": e.respondWith(scheduler.wait(1).then(() => new Response("later"))); break;
    case "thenable": facts.then = at(() => e.respondWith({ then(r) { r(new Response("then")); } })); break;
    case "sameResponse": same ??= new Response("same"); e.respondWith(same); break;
    case "used": { const r = new Response("u"); r.text(); e.respondWith(r); break; }
    case "waitAfter": e.respondWith(scheduler.wait(1).then(() => { facts.waitAfter = at(() => e.waitUntil(Promise.resolve())); return new Response("wa"); })); break;
    case "prevent": e.preventDefault(); facts.prevent = [e.defaultPrevented, e.cancelable, e.returnValue]; e.respondWith(new Response("pr")); break;
    case "ret": return new Response("returned");
  }
});
addEventListener("fetch", (e) => { order.push(new URL(e.request.url).pathname); const p = new URL(e.request.url).pathname.slice(1); if (p === "facts") { facts.order = order; facts.dead = kept && [at(() => kept.respondWith(new Response("x"))), at(() => kept.waitUntil(Promise.resolve())), at(() => kept.passThroughOnException()), kept.type, kept.eventPhase, String(kept.currentTarget), String(kept.target)]; e.respondWith(Response.json(facts)); } else if (["none", "ret", "late", "asyncListener"].includes(p)) e.respondWith(new Response("second " + p)); });
