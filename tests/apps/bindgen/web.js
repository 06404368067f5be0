// A Worker in Rust: the glue that wasm-bindgen makes for the Web, with the module given to it.
// requests: GET /; POST /echo hello; GET /later?name=bob; GET /fail
import module from "./web_bg.wasm";
import init, { fetch as handler, initSync, Counter, reverse } from "bindgen-glue/web.js";
initSync({ module });
export default {
  async fetch(request, env, context) {
    await init({ module_or_path: module });
    const counter = new Counter("web");
    const response = await handler(request, env, context).catch((error) => new Response(String(error), { status: 400 }));
    const headers = new Headers(response.headers);
    headers.set("x-counter", `${counter.name} ${counter.add(5)} ${reverse(new Uint8Array([1, 2]))}`);
    return new Response(response.body, { status: response.status, headers });
  },
};
