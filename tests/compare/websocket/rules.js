// Rules of close(), attachments, and what listeners throw.
const err = async (f) => { try { const r = await f(); return ["ok", r === undefined ? "undefined" : r]; } catch (e) { return `${e.constructor.name} ${e.name}: ${e.message}` + (e.code !== undefined ? ` (${e.code})` : ""); } };
const fresh = () => Object.values(new WebSocketPair());
export default { async fetch(req, env, ctx) { 
  const out = {};
  out.reason = await err(() => { const [a] = fresh(); a.accept(); a.close(1000, "x".repeat(124)); return a.readyState; });
  out.reason2 = await err(() => { const [a] = fresh(); a.accept(); a.close(1000, "é".repeat(62)); return a.readyState; });
  out.reason3 = await err(() => { const [a] = fresh(); a.accept(); a.close(1000, "x".repeat(123)); return a.readyState; });
  out.bt = await err(() => fresh()[0].binaryType);
  out.bigint = await err(() => { const [a] = fresh(); a.accept(); a.close(1000n); });
  out.big = await err(() => { const [a] = fresh(); a.accept(); a.close(2 ** 40 + 1000); });
  out.order = await err(() => { const [a] = fresh(); a.close(5); });
  out.order2 = await err(() => { const [a] = fresh(); a.accept(); a.close(1000); a.close(5); });
  out.order3 = await err(() => { const [a] = fresh(); a.send(); });
  out.order4 = await err(() => { const [a] = fresh(); a.accept(); a.close(1000); a.send(); });
  out.peerClosed = await err(() => { const [a, b] = fresh(); a.accept(); b.accept(); a.close(1000); b.send("x"); return "ok"; });
  out.attach = await err(() => { const [a] = fresh(); const o = { x: 1 }; a.serializeAttachment(o); o.x = 2; const r = a.deserializeAttachment(); r.x = 3; return JSON.stringify([r, a.deserializeAttachment()]); });
  out.attach1 = await err(() => { const [a] = fresh(); a.serializeAttachment({ a: "x".repeat(16384) }); });
  out.attach2 = await err(() => { const [a] = fresh(); a.serializeAttachment([1, 2, 3, "x".repeat(16384), { b: 2.5 }]); });
  out.attach3 = await err(() => { const [a] = fresh(); a.serializeAttachment("é".repeat(8190)); });
  out.attach4 = await err(() => { const [a] = fresh(); a.serializeAttachment("\u4e00".repeat(8190)); });
  out.throwClose = await err(async () => { const l = []; const [a, b] = fresh(); a.accept(); b.accept(); for (const [n, w] of [["a", a], ["b", b]]) { w.addEventListener("close", (e) => l.push([n, "close", e.code, w.readyState])); w.addEventListener("error", (e) => l.push([n, e.message, w.readyState])); } b.addEventListener("close", () => { throw new Error("boom"); }); a.close(1000); await scheduler.wait(10); return JSON.stringify(l) + a.readyState + b.readyState; });
  out.throwAfter = await err(async () => { const l = []; const [a, b] = fresh(); a.accept(); b.accept(); b.addEventListener("message", () => { throw new Error("boom"); }); a.send("1"); await scheduler.wait(10); for (const w of [a, b]) { try { w.send("x"); l.push("sent"); } catch (e) { l.push(e.message); } try { w.close(); l.push("closed" + w.readyState); } catch (e) { l.push(e.message); } } return JSON.stringify(l); });
  out.throwNonError = await err(async () => { const l = []; const [a, b] = fresh(); a.accept(); b.accept(); b.addEventListener("message", () => { throw "str"; }); b.addEventListener("error", (e) => l.push([e.message, String(e.error), e.filename, e.lineno])); a.send("1"); await scheduler.wait(10); return JSON.stringify(l); });
  out.asyncThrow = await err(async () => { const l = []; const [a, b] = fresh(); a.accept(); b.accept(); b.addEventListener("message", async () => { throw new Error("str"); }); b.addEventListener("error", (e) => l.push([e.message])); a.send("1"); a.send("2"); await scheduler.wait(10); return JSON.stringify([l, b.readyState]); });
  out.timerOrder = await err(async () => { const l = []; const [a, b] = fresh(); a.accept(); b.accept(); b.addEventListener("message", (e) => l.push(e.data)); setTimeout(() => l.push("t0"), 0); a.send("1"); queueMicrotask(() => l.push("micro")); await scheduler.wait(10); return l.join(); });
  out.gone = await err(async () => { const l = []; const [a, b] = fresh(); a.accept(); a.addEventListener("close", (e) => l.push(e.code)); a.send("x"); await scheduler.wait(5); return JSON.stringify([l, a.readyState, a.bufferedAmount]); });
  out.fetchHalf = await err(async () => { const l = []; const [a, b] = fresh(); a.accept({ allowHalfOpen: false }); b.accept({ allowHalfOpen: true }); b.close(1000, "x"); await scheduler.wait(5); return JSON.stringify([a.readyState, b.readyState]); });
  return Response.json(out); } };
