// Clients of services that are asked of a stand-in for fetch: AWS's S3 and DynamoDB, Supabase, and Vercel's AI SDK.
// requests: GET /s3; GET /presigned; GET /dynamodb; GET /supabase; GET /text; GET /tools
// flags: nodejs_compat
// date: 2026-11-17
import { createOpenAI } from "@ai-sdk/openai";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { createClient } from "@supabase/supabase-js";
import { generateText, tool } from "ai";
import { z } from "zod";

// What was asked, without what is random, a time or a version.
const seen: unknown[] = [];
const VARIES = /date|agent|authorization|invocation|x-client-info|amz-sdk/;
const standIn = (answer: (request: Request) => Response) => async (input: RequestInfo | URL, init?: RequestInit) => {
  const request = new Request(input, init);
  const headers = [...request.headers].filter(([name]) => !VARIES.test(name));
  seen.push([request.method, request.url.replace(/x-id=\w+/, ""), await request.clone().text(), headers]);
  return answer(request);
};
const aws = { region: "auto", credentials: { accessKeyId: "a", secretAccessKey: "b" }, endpoint: "http://s3.example" };
const asking = async (answer: (request: Request) => Response, act: () => Promise<unknown>) => {
  const own = globalThis.fetch;
  globalThis.fetch = standIn(answer) as typeof fetch;
  try {
    return await act();
  } finally {
    globalThis.fetch = own;
  }
};
const chat = (message: any) =>
  Response.json({
    id: "c",
    created: 1,
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: message.tool_calls ? "tool_calls" : "stop" }],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  });

const routes: Record<string, () => Promise<unknown>> = {
  "/s3": () =>
    asking(
      (request) => new Response(request.method === "PUT" ? "" : "the body", { headers: { etag: '"e"', "content-type": "text/plain" } }),
      async () => {
        const s3 = new S3Client({ ...aws, forcePathStyle: true });
        const put = await s3.send(new PutObjectCommand({ Bucket: "b", Key: "k/ü", Body: "hello", ContentType: "text/plain" }));
        const got = await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
        return [put.ETag, await got.Body!.transformToString(), got.ContentType];
      },
    ),
  async "/presigned"() {
    const command = new GetObjectCommand({ Bucket: "b", Key: "k" });
    const url = new URL(await getSignedUrl(new S3Client({ ...aws, forcePathStyle: true }), command, { expiresIn: 60, signingDate: new Date(0) }));
    return [url.origin + url.pathname, [...url.searchParams].filter(([name]) => !VARIES.test(name.toLowerCase()) && name !== "X-Amz-Signature")];
  },
  "/dynamodb": () =>
    asking(
      () => Response.json({ Item: { a: { S: "x" }, n: { N: "12" }, l: { L: [{ BOOL: true }] } } }),
      async () => {
        const tables = DynamoDBDocumentClient.from(new DynamoDBClient(aws));
        await tables.send(new PutCommand({ TableName: "t", Item: { a: 1, s: new Set(["q"]), b: new Uint8Array([1]) } }));
        return (await tables.send(new GetCommand({ TableName: "t", Key: { a: "x" } }))).Item;
      },
    ),
  async "/supabase"() {
    const fetch = standIn(() => Response.json([{ id: 1 }], { headers: { "content-range": "0-0/1" } }));
    const client = createClient("http://base.example", "key", { global: { fetch } });
    return client.from("t").select("*, o(*)", { count: "exact" }).eq("a", 1).order("id").limit(2);
  },
  async "/text"() {
    const model = createOpenAI({ apiKey: "k", fetch: standIn(() => chat({ content: "hello" })) }).chat("m");
    const { text, finishReason, usage } = await generateText({ model, prompt: "x" });
    return [text, finishReason, usage.totalTokens];
  },
  async "/tools"() {
    const asked = { id: "t1", type: "function", function: { name: "weather", arguments: '{"city":"B"}' } };
    const model = createOpenAI({ apiKey: "k", fetch: standIn(() => chat({ content: null, tool_calls: [asked] })) }).chat("m");
    const weather = tool({ description: "d", inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `sun in ${city}` });
    const { toolResults, steps } = await generateText({ model, tools: { weather }, prompt: "x" });
    return [toolResults.map((each) => each.output), steps.length];
  },
};

export default {
  async fetch(request: Request) {
    const route = routes[new URL(request.url).pathname];
    if (!route) return new Response("no such route", { status: 404 });
    seen.length = 0;
    return Response.json({ told: await route(), seen });
  },
};
