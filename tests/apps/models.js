// Clients of language models: @anthropic-ai/sdk and openai, asked for whole answers, streams, retries and uploads.
// requests: GET /whole; GET /stream; GET /readable; GET /refused; GET /again; GET /chunks; GET /upload; GET /late
import Anthropic from "@anthropic-ai/sdk";
import OpenAI, { toFile } from "openai";

const asked = [];
const answering = (answer) => async (url, init) => {
  asked.push([String(url), init.method, init.body ?? null]);
  return answer();
};
const events = (...all) => {
  const lines = all.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  return new Response(lines.join(""), { headers: { "content-type": "text/event-stream" } });
};
const claude = (answer) => new Anthropic({ apiKey: "k", maxRetries: 0, fetch: answering(answer) });
const question = { model: "m", max_tokens: 5, messages: [{ role: "user", content: "q" }] };
const message = {
  id: "m",
  type: "message",
  role: "assistant",
  model: "m",
  content: [{ type: "text", text: "hi" }],
  stop_reason: "end_turn",
  usage: { input_tokens: 1, output_tokens: 2 },
};
const begun = { type: "message_start", message: { ...message, content: [] } };
const text = (part) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: part } });
const chunk = (content, finish_reason = null) => ({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta: { content }, finish_reason }] });

const routes = {
  whole: () => claude(() => Response.json(message)).messages.create(question),
  async stream() {
    const parts = [begun, { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }, text("he"), text("llo"), { type: "content_block_stop", index: 0 }];
    const ended = [{ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 3 } }, { type: "message_stop" }];
    const stream = claude(() => events(...parts, ...ended)).messages.stream(question);
    const seen = [];
    stream.on("text", (part) => seen.push(part));
    const { content, stop_reason, usage } = await stream.finalMessage();
    return [seen, content, stop_reason, usage];
  },
  async readable() {
    const stream = await claude(() => events(begun, { type: "message_stop" })).messages.create({ ...question, stream: true });
    return new Response(stream.toReadableStream());
  },
  async refused() {
    const overloaded = { type: "error", error: { type: "overloaded_error", message: "no" } };
    const error = await claude(() => Response.json(overloaded, { status: 529 })).messages.create(question).catch((error) => error);
    return [error.name, error.constructor.name, error.status, error.message];
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
