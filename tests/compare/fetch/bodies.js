// Bodies: what becomes of a stream and of its owner when either is read, locked, copied or cloned; forms and
// blobs of bodies; the cf that requests and responses carry.
// differs: what the engine says of text that is not JSON.
const facts = {};
async function note(name, f) {
  try { const value = await f(); facts[name] = value === undefined ? "undefined" : value; } catch (error) { facts[name] = `${error?.constructor?.name} ${error?.name}: ${error?.message}`; }
}
const bytes = (...b) => new Uint8Array(b);
export default { async fetch(request) {
 await note("bom bytes", async () => [await new Response(bytes(0xef,0xbb,0xbf,0x61)).text(), (await new Response(bytes(0xef,0xbb,0xbf,0x31)).json().catch(e=>e.name)), await new Response(new Blob([bytes(0xef,0xbb,0xbf,0x61)])).text(), await new Blob([bytes(0xef,0xbb,0xbf,0x61)]).text()]);
 await note("locked text", async () => { const r=new Response("x"); r.body.getReader(); return [r.bodyUsed, await r.text()] });
 await note("locked clone", async () => { const r=new Response("x"); r.body.getReader(); return r.clone().status });
 await note("locked as body", async () => { const r=new Response("x"); r.body.getReader(); return new Response(r.body).status });
 await note("locked json", async () => { const r=new Response("{}"); r.body.getReader(); return r.json() });
 await note("reader released clone", async () => { const r=new Response("abc"); const rd=r.body.getReader(); await rd.read(); rd.releaseLock(); return [r.bodyUsed, r.clone().status] });
 await note("reader released text", async () => { const r=new Response("abc"); const rd=r.body.getReader(); await rd.read(); rd.releaseLock(); return r.text() });
 await note("reader released unread", async () => { const r=new Response("abc"); const rd=r.body.getReader(); rd.releaseLock(); return [r.bodyUsed, await r.text(), r.bodyUsed, r.body.locked] });
 await note("after text", async () => { const r=new Response("abc"); const b=r.body; const p=r.text(); const l=[b.locked, r.body===b, r.bodyUsed]; await p; return [...l, r.body===b, b.locked]; });
 await note("null body same", async () => { const r=new Response("abc"); await r.text(); return r.body === null });
 await note("stream body", async () => { const s=new Response("abc").body; const r=new Response(s); return [r.body===s, r.bodyUsed, s.locked, await r.text(), s.locked] });
 await note("body of body", async () => { const a=new Response("abc"); const r=new Response(a.body); return [a.bodyUsed, r.bodyUsed, await r.text(), a.bodyUsed] });
 await note("cancel", async () => { const r=new Response("abc"); await r.body.cancel(); return [r.bodyUsed, await r.text()] });
 await note("tee used", async () => { const r=new Response("abc"); const [x,y]=r.body.tee(); return [r.bodyUsed, r.body.locked, await new Response(x).text(), await new Response(y).text()] });
 await note("tee text", async () => { const r=new Response("abc"); r.body.tee(); return r.text() });
 await note("clone then body", async () => { const r=new Response("abc"); const b=r.body; const c=r.clone(); return [r.body===b, b.locked, r.body.locked, await r.text()] });
 await note("blob type", async () => [(await new Response("x").blob()).type, (await new Response("x",{headers:{"content-type":"A/B; Charset=X"}}).blob()).type, (await new Response(bytes(1)).blob()).type,(await new Response("x",{headers:{"content-type":"bad"}}).blob()).type,(await new Response(null).blob()).size]);
 await note("blob body", async () => [[...new Response(new Blob(["x"],{type:"a/b"})).headers], [...new Response(new Blob(["x"])).headers]]);
 await note("form no type", async () => new Response(bytes(1)).formData());
 await note("form text", async () => new Response("x").formData());
 await note("form url", async () => [...await new Response("a=b&c=%20", {headers:{"content-type":"application/x-www-form-urlencoded"}}).formData()]);
 await note("form bad type", async () => [...await new Response("x", {headers:{"content-type":"garbage"}}).formData()]);
 await note("form multi no boundary", async () => [...await new Response("x", {headers:{"content-type":"multipart/form-data"}}).formData()]);
 await note("form multi bad", async () => [...await new Response("x", {headers:{"content-type":"multipart/form-data; boundary=a"}}).formData()]);
 await note("form url charset", async () => [...await new Response("a=b", {headers:{"content-type":"application/x-www-form-urlencoded; charset=latin1"}}).formData()]);
 await note("form used", async () => { const r=new Response("x"); try { await r.formData() } catch {} return [r.bodyUsed, await r.text()] });
 await note("form data body", async () => { const f=new FormData(); f.append("a","b"); return new Response(f).headers.get("content-type").replace(/boundary=.*/, "boundary=") });
 await note("brands", async () => { const out=[]; for (const k of ["text","json","arrayBuffer","bytes","blob","formData"]) { try { const p=Response.prototype[k].call({}); out.push(p instanceof Promise); p.catch(()=>{}) } catch(e) { out.push("sync") } } return out });
 await note("request body stream", async () => { const r=new Request("http://a",{method:"POST",body:new Response("abc").body}); return [[...r.headers], await r.text()] });
 await note("request copy of used stream", async () => { const q=new Request("http://a",{method:"POST",body:"abc"}); q.body.getReader(); return new Request(q).method });
 await note("request copy body ident", async () => { const q=new Request("http://a",{method:"POST",body:"abc"}); const b=q.body; const r=new Request(q); return [q.bodyUsed, b.locked, q.body===b, r.body===b, q.body===null, await r.text()] });
 await note("q text after copy", async () => { const q=new Request("http://a",{method:"POST",body:"abc"}); const r=new Request(q); return q.text() });
 await note("q clone after copy", async () => { const q=new Request("http://a",{method:"POST",body:"abc"}); const r=new Request(q); return q.clone().method });
 await note("init dict request consumed", async () => { const q=new Request("http://a",{method:"POST",body:"abc"}); const r=new Request("http://b",q); return [q.bodyUsed, await r.text(), q.bodyUsed, await q.text().catch(e=>e.message)] });
 await note("resp init consumed", async () => { const a=new Response("abc"); const b=new Response("d", a); return [await b.text(), a.bodyUsed] });
 await note("respond with used", async () => { const r=new Response("x"); await r.text(); return r.status });
 await note("json proto", async () => { const r=new Response('{"__proto__":1}'); return Object.keys(await r.json()) });
 await note("signal incoming", async () => { const r=new Request(request); return [r.signal===request.signal, request.clone().signal===request.signal, request.signal===request.signal, new Request("http://b").signal === null] });
 await note("response stringify", () => `${new Response("x")} ${new Headers()} ${new Request("http://a")}`);
 await note("clone subclass type", () => new Response("x",{cf:{a:()=>1}}).cf);
 await note("req method proto", () => new Request("http://a", Object.create({method:"PUT"})).method);
 await note("cf func", () => { const q=new Request("http://a",{cf:{a:1,b:[{c:2}],d:undefined,e:new Date(0)}}); return [q.cf, Object.keys(q.cf), Object.keys(q.clone().cf), typeof q.clone().cf.e] });
 return Response.json(facts); } };
