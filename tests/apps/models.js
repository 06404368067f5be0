// A client of language models, asked for whole answers, streams, refusals, retries and uploads.
// requests: GET /whole; GET /readable; GET /refused; GET /again; GET /chunks; GET /upload; GET /late
import OpenAI, { toFile } from "openai";

const asked = [];
const answering = (answer) => async (url, init) => {
  asked.push([String(url), init.method, init.body ?? null]);
  return answer();
};
const client = (answer) => new OpenAI({ apiKey: "k", maxRetries: 0, fetch: answering(answer) });
const question = { model: "m", max_tokens: 5, messages: [{ role: "user", content: "q" }] };
const chunk = (content, finish_reason = null) => ({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta: { content }, finish_reason }] });

const routes = {
  whole: () => client(() => Response.json({ id: "c", choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }] })).chat.completions.create(question),
  async readable() {
    const lines = [chunk("he"), chunk("llo", "stop")].map((part) => `data: ${JSON.stringify(part)}\n\n`);
    const stream = await client(() => new Response(`${lines.join("")}data: [DONE]\n\n`)).chat.completions.create({ ...question, stream: true });
    return new Response(stream.toReadableStream());
  },
  async refused() {
    const busy = { error: { type: "overloaded", message: "no" } };
    const error = await client(() => Response.json(busy, { status: 529 })).chat.completions.create(question).catch((error) => error);
    return [error.name, error.status, error.message, error.type];
  },
  async again() {
    let times = 0;
    const busy = () => new Response("busy", { status: 503, headers: { "retry-after-ms": "5" } });
    const client = new OpenAI({ apiKey: "k", fetch: answering(() => (times++ ? Response.json({ id: "x", choices: [] }) : busy())) });
    return client.chat.completions.create({ model: "m", messages: [] });
  },
  async chunks() {
    const lines = [chunk("a"), chunk("b"), chunk("", "stop")].map((part) => `data: ${JSON.stringify(part)}\n\n`);
    const client = new OpenAI({ apiKey: "k", fetch: answering(() => new Response(`${lines.join("")}data: [DONE]\n\n`)) });
    const seen = [];
    for await (const part of await client.chat.completions.create({ model: "m", stream: true, messages: [] })) seen.push(part.choices[0].delta.content);
    return seen;
  },
  async upload() {
    const fetch = async (url, init) => {
      const form = await new Request(url, init).formData();
      return Response.json({ id: form.get("file").name, bytes: form.get("file").size, purpose: form.get("purpose") });
    };
    return new OpenAI({ apiKey: "k", fetch }).files.create({ file: await toFile(new Uint8Array(3), "a.bin"), purpose: "batch" });
  },
  async late() {
    const fetch = (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const error = await new OpenAI({ apiKey: "k", maxRetries: 0, timeout: 30, fetch }).models.list().catch((error) => error);
    return [error.constructor.name, error.message];
  },
};

export default {
  async fetch(request) {
    const made = await routes[new URL(request.url).pathname.slice(1)]();
    return made instanceof Response ? made : Response.json({ made, asked: asked.splice(0) });
  },
};
