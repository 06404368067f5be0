// @streamparser/json-whatwg: values out of a stream of JSON, through TransformStreams.
// requests: GET /; GET /bad
import { JSONParser, TokenParser, Tokenizer } from "@streamparser/json-whatwg";
function bytes(text, size) {
  const all = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= all.length) return controller.close();
      controller.enqueue(all.slice(at, (at += size)));
    },
  });
}
const TEXT = JSON.stringify({ meta: { n: 2 }, items: [{ id: 1, name: "ünï", more: [true, null, -1.5e3] }, { id: 2, name: "\"q\"\\u00e9" }] });
export default {
  async fetch(request) {
    if (new URL(request.url).pathname === "/bad") {
      try {
        for await (const _ of bytes('{"a": tru}', 3).pipeThrough(new JSONParser())) void _;
      } catch (error) {
        return Response.json([error.name, error.message]);
      }
    }
    const picked = [];
    for await (const { value, key, stack } of bytes(TEXT, 7).pipeThrough(new JSONParser({ paths: ["$.items.*"], keepStack: false }))) picked.push([key, structuredClone(value), stack.length]);
    const tokens = [];
    for await (const { token, value } of bytes("[1,\"a\"]", 2).pipeThrough(new Tokenizer())) tokens.push([token, value]);
    const { readable, writable } = new TransformStream({ transform({ value }, controller) { controller.enqueue(new TextEncoder().encode(`${value.id}:${value.name}\n`)); } });
    bytes(TEXT, 16).pipeThrough(new JSONParser({ paths: ["$.items.*"] })).pipeTo(writable);
    return Response.json({ picked, tokens, lines: await new Response(readable).text(), kinds: typeof TokenParser });
  },
};
