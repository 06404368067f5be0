// A tenant that uses all it can, in the way that the query names.
const kept = [];
export default {
  async fetch(request, env) {
    const asked = new URL(request.url).searchParams;
    const times = Number(asked.get("times"));
    switch (asked.get("what")) {
      case "spin": {
        let sum = 0;
        for (let at = 0; at < times; at++) sum += at % 7;
        return new Response(String(sum));
      }
      case "allocate": {
        kept.length = 0;
        for (let at = 0; at < times; at++) kept.push(new Uint8Array(1 << 20).fill(at));
        return new Response(String(kept.length));
      }
      case "log": {
        const line = "a line that says nothing, again and again ".repeat(5);
        for (let at = 0; at < times; at++) console.log(at, line);
        return new Response();
      }
      case "kv": {
        const value = "v".repeat(1000);
        for (let at = 0; at < times; at++) await env.KV.put(`key-${at}`, value);
        return new Response();
      }
    }
    return new Response("nothing");
  },
};
