// E44 Sign requests: paths carry a mark and a time, and are held against them.
// class: local stub
// flags: nodejs_compat
// > GET /trip
// < 200 || "path":"/json" || signed
// > GET /verify/json?verify=1-AAAA
// < 403 || wrong mark
// > GET /verify/json
// < 403 || no mark
import { Buffer } from "node:buffer";
const encoder = new TextEncoder();
const keyOf = (env) => crypto.subtle.importKey("raw", encoder.encode(env.SECRET), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
async function verify(url, env) {
  if (!url.searchParams.has("verify")) return new Response("no mark", { status: 403 });
  const [time, mark] = url.searchParams.get("verify").split("-");
  const data = encoder.encode(`${url.pathname.replace("/verify", "")}${time}`);
  if (!(await crypto.subtle.verify("HMAC", await keyOf(env), Buffer.from(mark, "base64"), data))) return new Response("wrong mark", { status: 403 });
  if (Date.now() / 1000 > Number(time) + 60) return new Response("too late", { status: 403 });
  return fetch(env.ORIGIN + url.pathname.replace("/verify", ""));
}
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname !== "/trip") return verify(url, env);
    const time = Math.floor(Date.now() / 1000);
    const mac = await crypto.subtle.sign("HMAC", await keyOf(env), encoder.encode(`/json${time}`));
    const signed = new URL("/verify/json", url);
    signed.searchParams.set("verify", `${time}-${Buffer.from(mac).toString("base64")}`);
    const answer = await verify(signed, env);
    return new Response(`${await answer.text()} signed`, answer);
  },
};
