// What workerd asks for its Cache API: a PUT brings a whole HTTP answer.
const kept = new Map();

export default {
  async fetch(request) {
    const key = `${request.headers.get("cf-cache-namespace")} ${request.url}`;
    if (request.method === "PURGE") return new Response(null, { status: kept.delete(key) ? 200 : 404 });
    if (request.method === "PUT") {
      const bytes = new Uint8Array(await request.arrayBuffer());
      const text = new TextDecoder("latin1").decode(bytes);
      const end = text.indexOf("\r\n\r\n");
      const [line, ...fields] = text.slice(0, end).split("\r\n");
      const headers = fields.map((field) => /^([^:]*): ?(.*)$/s.exec(field).slice(1));
      kept.set(key, { status: Number(line.split(" ")[1]), headers, body: bytes.slice(end + 4) });
      return new Response(null, { status: 204 });
    }
    const found = kept.get(key);
    if (found === undefined) return new Response(null, { status: 504, headers: { "cf-cache-status": "MISS" } });
    const headers = new Headers(found.headers);
    headers.set("cf-cache-status", "HIT");
    return new Response(found.body, { status: found.status, headers });
  },
};
