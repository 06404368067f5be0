// Bodies that are used up although nothing comes of it, and JSON with a zero in it.
// date: 2026-04-01
const facts = {};
const told = (e) => `${e.name}: ${e.message}`;
const bodies = { text: () => "abc", bytes: () => new Uint8Array(3), stream: () => new ReadableStream({ start(c) { c.enqueue(new Uint8Array(1)); c.close(); } }), form: () => { const form = new FormData(); form.append("a", "b"); return form; } };

export default {
  async fetch() {
    for (const [name, body] of Object.entries(bodies)) {
      for (const reason of [undefined, "why", new TypeError("x")]) {
        const request = new Request("http://127.0.0.1:9/", { method: "POST", body: body(), signal: AbortSignal.abort(reason) });
        const error = await fetch(request).catch((e) => (e instanceof Error ? told(e) : e));
        facts[`${name}, aborted with ${reason}`] = [error, request.bodyUsed, request.body.locked];
      }
      for (const init of [{ method: "GET" }, { method: "CONNECT" }, { redirect: "nope" }, { integrity: "nope" }, { method: "GET", body: "x" }, { body: null }, { method: "TRACE " }]) {
        const request = new Request("http://127.0.0.1:9/", { method: "POST", body: body() });
        const steps = [];
        for (let i = 0; i < 2; i++) {
          try { new Request(request, init); steps.push("made"); } catch (e) { steps.push(told(e)); }
          steps.push(request.bodyUsed);
        }
        facts[`${name}, ${JSON.stringify(init)}`] = steps;
      }
    }
    for (const text of ['{"a":1\0}', "\0", '"a\0b"', '["ok"] \0', "a\0b", '{"a\0":1}', "1\0", "", "{\0"]) {
      for (const [how, body] of [["text", text], ["bytes", new TextEncoder().encode(text)], ["UTF-16", new Uint8Array(new Uint16Array([...text].map((c) => c.charCodeAt(0))).buffer)]]) {
        facts[`JSON of ${how} ${JSON.stringify(text)}`] = await new Response(body).json().catch(told);
      }
    }
    return Response.json(facts);
  },
};
