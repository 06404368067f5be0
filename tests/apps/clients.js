// ky, openai, stripe, toucan-js, aws4fetch, oauth4webapi: clients of services, made here and asked of a stand-in for fetch.
// requests: GET /
import ky from "ky";
import OpenAI from "openai";
import Stripe from "stripe";
import { Toucan } from "toucan-js";
import { AwsClient } from "aws4fetch";
import * as oauth from "oauth4webapi";
const asked = [];
async function fetching(input, init) {
  const request = new Request(input, init);
  const text = await request.text();
  asked.push([request.method, request.url, request.headers.get("content-type"), text.length, text.slice(0, 60).replace(/"event_id.*/, "")]);
  if (request.url.endsWith("/busy")) return new Response("busy", { status: 503 });
  if (request.url.includes("chat/completions")) {
    if (JSON.parse(text).stream) {
      const parts = ["Hel", "lo"].map((content) => `data: ${JSON.stringify({ id: "1", choices: [{ index: 0, delta: { content } }] })}\n\n`);
      return new Response(`${parts.join("")}data: [DONE]\n\n`, { headers: { "content-type": "text/event-stream" } });
    }
    return Response.json({ id: "1", choices: [{ index: 0, message: { role: "assistant", content: "hi" } }] });
  }
  if (request.url.includes("/v1/customers")) return Response.json({ id: "cus_1", object: "customer", email: "a@b.example" });
  return Response.json({ url: request.url });
}
const attempt = (promise) => promise.then((value) => value, (error) => [error.name, error.message]);
export default {
  async fetch(request, env, context) {
    asked.length = 0;
    const api = ky.create({ prefixUrl: "http://api.example/v1", fetch: fetching, retry: { limit: 1, delay: () => 1 }, hooks: { beforeRequest: [(it) => void (it.request ?? it).headers.set("x-hook", "1")] } });
    const openai = new OpenAI({ apiKey: "key", fetch: fetching, maxRetries: 0 });
    const stream = await openai.chat.completions.create({ model: "m", messages: [{ role: "user", content: "x" }], stream: true });
    const parts = [];
    for await (const chunk of stream) parts.push(chunk.choices[0]?.delta?.content);
    const stripe = new Stripe("sk_test", { httpClient: Stripe.createFetchHttpClient(fetching), maxNetworkRetries: 0 });
    const aws = new AwsClient({ accessKeyId: "A", secretAccessKey: "S", service: "s3", region: "eu" });
    const signed = await aws.sign("https://bucket.s3.eu.amazonaws.com/key?x=1", { method: "PUT", body: "data", aws: { datetime: "20240101T000000Z" } });
    const sentry = new Toucan({ dsn: "https://key@sentry.example/1", context, request, transport: undefined });
    sentry.setUser({ id: "7" });
    return Response.json({
      ky: [await api.get("a", { searchParams: { b: "c d" } }).json(), await api.post("b", { json: { x: 1 } }).json(), await attempt(api.get("busy").json()), await attempt(api.get("../x").text())],
      openai: [(await openai.chat.completions.create({ model: "m", messages: [] })).choices[0].message.content, parts],
      stripe: [(await stripe.customers.create({ email: "a@b.example" })).email, await stripe.webhooks.constructEventAsync("{}", "t=1,v1=0", "secret").catch((error) => error.type)],
      aws: [signed.url, signed.headers.get("authorization"), signed.headers.get("x-amz-content-sha256")],
      oauth: [await oauth.calculatePKCECodeChallenge("verifier-that-is-long-enough-to-be-taken-as-one"), oauth.generateRandomState().length],
      toucan: typeof sentry.captureMessage,
      asked,
    });
  },
};
