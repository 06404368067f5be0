// The Model Context Protocol's SDK: a server over streamable HTTP, and a client of it in the same Worker.
// requests: GET /initialize; GET /list; GET /add; GET /wrong; GET /not-acceptable; GET /stream; GET /client; GET /get
// date: 2026-11-17
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { z } from "zod";

function server() {
  const made = new McpServer({ name: "gateway", version: "1.0.0" });
  made.registerTool("add", { description: "Adds", inputSchema: { a: z.number(), b: z.number() } }, async ({ a, b }) => ({
    content: [{ type: "text", text: String(a + b) }],
  }));
  made.registerResource("note", "file:///note", { mimeType: "text/plain" }, async (uri) => ({
    contents: [{ uri: uri.href, text: "body" }],
  }));
  made.registerPrompt("greet", { argsSchema: { who: z.string() } }, ({ who }) => ({
    messages: [{ role: "user", content: { type: "text", text: `Greet ${who}` } }],
  }));
  return made;
}

async function posted(message: object, json = true, accept = "application/json, text/event-stream") {
  const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: json });
  await server().connect(transport);
  const headers = { "content-type": "application/json", accept };
  return transport.handleRequest(
    new Request("http://gateway.example/mcp", { method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }) }),
  );
}

const call = (values: object) => ({ method: "tools/call", params: { name: "add", arguments: values } });
const routes: Record<string, () => Promise<Response>> = {
  "/initialize": () =>
    posted({ method: "initialize", params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" } } }),
  "/list": () => posted({ method: "tools/list" }),
  "/add": () => posted(call({ a: 1, b: 2 })),
  "/wrong": () => posted(call({ a: "x" })),
  "/not-acceptable": () => posted({ method: "tools/list" }, true, "application/json"),
  "/stream": () => posted(call({ a: 3, b: 4 }), false),
  async "/client"() {
    const [one, other] = InMemoryTransport.createLinkedPair();
    const client = new Client({ name: "c", version: "1" });
    await Promise.all([server().connect(one), client.connect(other)]);
    return Response.json([
      await client.listTools(),
      await client.callTool({ name: "add", arguments: { a: 2, b: 3 } }),
      await client.readResource({ uri: "file:///note" }),
      await client.getPrompt({ name: "greet", arguments: { who: "B" } }),
      client.getServerVersion(),
    ]);
  },
};

export default {
  fetch(request: Request) {
    const route = routes[new URL(request.url).pathname];
    return route ? route() : new Response("no such route", { status: 404 });
  },
};
