// E08 HTTP Basic authentication, compared in constant time.
// class: as it is
// flags: nodejs_compat
// > GET /admin
// < 401 | www-authenticate: Basic realm="r", charset="UTF-8"
// > GET /admin | authorization: Basic YWRtaW46czNjcmV0
// < 200 | cache-control: no-store || private
// > GET /admin | authorization: Basic YWRtaW46bm8=
// < 401
// > GET /admin | authorization: Basic %
// < 400
// > GET /logout
// < 401 || logged out
import { Buffer } from "node:buffer";
const encoder = new TextEncoder();
function same(a, b) {
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  return left.byteLength === right.byteLength && crypto.subtle.timingSafeEqual(left, right);
}
export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/logout") return new Response("logged out", { status: 401 });
    const ask = new Response("who?", { status: 401, headers: { "www-authenticate": 'Basic realm="r", charset="UTF-8"' } });
    const given = request.headers.get("authorization");
    if (given === null) return ask;
    const [scheme, encoded] = given.split(" ");
    const text = Buffer.from(encoded ?? "", "base64").toString();
    const at = text.indexOf(":");
    if (scheme !== "Basic" || at < 0) return new Response("malformed", { status: 400 });
    if (!same("admin", text.slice(0, at)) || !same(env.SECRET, text.slice(at + 1))) return ask;
    return new Response("private", { headers: { "cache-control": "no-store" } });
  },
};
