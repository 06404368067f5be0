// date: 2024-06-02
// Before their dates addresses of requests stand as they were given (`fetch_standard_url`), and so do types of
// bodies (`blob_standard_mime_type`).
const ADDRESSES = ["", "/", "a", "http://", "http:///a", "HTTP://H/ä", "http://h", "http://h/a b", " http://h/ ", "http:h", "http://h:99999/", "http://u:p@h:80/../b?c#d"];
const TYPES = ["Text/Plain; charset=Q", "nothing", "", "a/b;c"];

export default {
  async fetch(request) {
    const facts = {};
    const fact = async (name, f) => {
      try {
        facts[name] = await f();
      } catch (error) {
        facts[name] = `${error.name}: ${error.message}`;
      }
    };
    for (const address of ADDRESSES) {
      await fact(`url ${address}`, () => {
        const made = new Request(address);
        return [made.url, made.clone().url, new Request(made, { method: "POST" }).url];
      });
    }
    for (const address of ["", "/", "a", "ftp://h/", "about:blank"]) await fact(`fetch ${address}`, () => fetch(address));
    await fact("symbol", () => new Request(Symbol("s")));
    await fact("URL", () => new Request(new URL("http://h")).url);
    await fact("incoming", () => [request.url, new Request(request).url, new Request("http://other", request).url]);
    for (const type of TYPES) await fact(`type ${type}`, async () => (await new Response("x", { headers: { "content-type": type } }).blob()).type);
    await fact("several types", async () => (await new Response("x", { headers: [["content-type", "a/b"], ["content-type", "c/d"]] }).blob()).type);
    await fact("no type", async () => (await new Response(new Uint8Array(1)).blob()).type);
    return Response.json(facts);
  },
};
