// What crosses wires: @bufbuild/protobuf, Connect, msgpackr, and axios, ofetch and urql over a stand-in for fetch.
// requests: GET /protobuf; GET /connect; GET /msgpackr; GET /axios; GET /ofetch; GET /urql
import { create, createFileRegistry, createRegistry, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { anyPack, AnySchema, FileDescriptorSetSchema, StructSchema, timestampFromDate, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { cacheExchange, Client, fetchExchange, gql } from "@urql/core";
import axios from "axios";
import { pack, Packr, unpack } from "msgpackr";
import { createFetch } from "ofetch";

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const echo = async (input, init) => {
  const request = new Request(input, init);
  if (request.url.includes("bad")) return Response.json({ m: 1 }, { status: 404, statusText: "Nope" });
  return Response.json({ method: request.method, url: request.url, type: request.headers.get("content-type"), body: await request.text() });
};
const field = { name: "s", number: 1, type: 9, label: 1, jsonName: "s" };
const method = (name, serverStreaming) => ({ name, inputType: ".p.M", outputType: ".p.M", serverStreaming });
const file = {
  name: "a.proto",
  package: "p",
  syntax: "proto3",
  messageType: [{ name: "M", field: [field] }],
  service: [{ name: "S", method: [method("Say", false), method("Many", true)] }],
};

const routes = {
  protobuf() {
    const time = timestampFromDate(new Date(1_700_000_000_123));
    const struct = create(StructSchema, { fields: { a: { kind: { case: "numberValue", value: 1.5 } } } });
    const bytes = toBinary(StructSchema, struct);
    const any = toJson(AnySchema, anyPack(TimestampSchema, time), { registry: createRegistry(TimestampSchema) });
    return [hex(toBinary(TimestampSchema, time)), toJson(TimestampSchema, time), hex(bytes), toJson(StructSchema, fromBinary(StructSchema, bytes)), any];
  },
  async connect() {
    const service = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getService("p.S");
    const implementation = {
      say({ s }) {
        if (s === "error") throw new ConnectError("bad", Code.InvalidArgument);
        return { s: `re ${s}` };
      },
      async *many({ s }) {
        yield { s: `${s}1` };
        yield { s: `${s}2` };
      },
    };
    const client = createClient(service, createRouterTransport((router) => router.service(service, implementation)));
    const seen = [(await client.say({ s: "a" })).s];
    for await (const { s } of client.many({ s: "b" })) seen.push(s);
    const error = await client.say({ s: "error" }).catch((error) => error);
    return [seen, error.name, error.message, error.code];
  },
  msgpackr() {
    const records = new Packr({ structures: [] });
    const rich = new Packr({ moreTypes: true, structuredClone: true });
    const value = { map: new Map([[1, 2]]), at: new Date(0), bytes: new Uint8Array([1, 2]), set: new Set([1]), big: 2n ** 60n, error: new RangeError("no") };
    const back = rich.unpack(rich.pack(value));
    const packed = records.pack([{ x: 1, y: "é" }, { x: 3, y: null }]);
    const shown = [...back.map, back.at, [...back.bytes], [...back.set], String(back.big), back.error.name, back.error.message];
    return [hex(pack({ a: 1, b: [1.5, true] })), unpack(pack([-1, "x"])), hex(packed), records.unpack(packed), shown];
  },
  async axios() {
    const client = axios.create({ adapter: "fetch", baseURL: "http://h", env: { fetch: echo, Request, Response } });
    client.interceptors.request.use((config) => ({ ...config, params: { ...config.params, z: "é" } }));
    const error = await client.get("/bad").catch((error) => error);
    const posted = [await client.post("/a", { a: 1 }), await client.post("/f", { k: "v w" }, { headers: { "content-type": "application/x-www-form-urlencoded" } })];
    return [posted.map(({ status, data }) => [status, data]), error.name, error.code, error.message, error.response.data, error.response.statusText];
  },
  async ofetch() {
    const ofetch = createFetch({ fetch: echo, Headers, AbortController });
    const error = await ofetch("http://h/bad", { retry: 1, retryDelay: 1 }).catch((error) => error);
    return [await ofetch("/x", { baseURL: "http://h/api", method: "POST", body: { a: 1 }, query: { q: [1, 2] } }), error.name, error.message, error.data];
  },
  async urql() {
    const fetch = async (_, { body }) => Response.json({ data: { a: JSON.parse(body).query } });
    const client = new Client({ url: "http://h/g", exchanges: [cacheExchange, fetchExchange], preferGetMethod: false, fetch });
    const { data, error } = await client.query(gql`query Q { a }`, {}).toPromise();
    return [data, error ?? null];
  },
};

export default {
  fetch: async (request) => Response.json(await routes[new URL(request.url).pathname.slice(1)]()),
};
