// Databases over HTTP, asked of a stand-in for fetch: PlanetScale, Neon, libSQL, Upstash, and Drizzle's queries.
// requests: GET /planetscale; GET /neon; GET /libsql; GET /upstash; GET /drizzle
import { createClient } from "@libsql/client/web";
import { neon, neonConfig } from "@neondatabase/serverless";
import { Client } from "@planetscale/database";
import { Redis } from "@upstash/redis/cloudflare";
import { and, count, desc, eq, inArray, or, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { drizzle } from "drizzle-orm/sqlite-proxy";

const asked = [];
const answering = (answer) => async (input, init) => {
  const request = new Request(input, init);
  asked.push([request.method, request.url, await request.text()]);
  return Response.json(answer);
};
const users = sqliteTable("users", { id: integer("id").primaryKey(), name: text("name").notNull(), at: integer("at", { mode: "timestamp" }), tags: text("tags", { mode: "json" }) });
const posts = sqliteTable("posts", { id: integer("id").primaryKey(), user: integer("user") });

const routes = {
  async planetscale() {
    const fields = [{ name: "a", type: "INT32" }, { name: "b", type: "VARCHAR" }];
    const result = { fields, rows: [{ lengths: ["1", "2"], values: btoa("7hi") }] };
    const { rows, headers } = await new Client({ url: "mysql://u:p@h.example", fetch: answering({ session: {}, result, timing: 0.1 }) }).execute("select ?", [1]);
    return [rows, headers];
  },
  async neon() {
    neonConfig.fetchFunction = answering({ fields: [{ name: "a", dataTypeID: 23 }], rows: [["5"]], rowCount: 1, command: "SELECT", rowAsArray: true });
    return neon("postgres://u:p@h.example/db")`select ${1} as a`;
  },
  async libsql() {
    const result = { cols: [{ name: "a" }], rows: [[{ type: "integer", value: "3" }]], affected_row_count: 0, last_insert_rowid: null };
    const results = [{ type: "ok", response: { type: "execute", result } }, { type: "ok", response: { type: "close" } }];
    const client = createClient({ url: "http://h.example", fetch: answering({ baton: null, base_url: null, results }) });
    const { rows, columns } = await client.execute({ sql: "select ?", args: [1] });
    return [rows, columns];
  },
  async upstash() {
    const own = globalThis.fetch;
    globalThis.fetch = answering([{ result: btoa('{"a":1}') }]);
    try {
      return await new Redis({ url: "https://h.example", token: "t", retry: false }).get("k");
    } finally {
      globalThis.fetch = own;
    }
  },
  async drizzle() {
    const row = [1, "ann", 1000, "[1]"];
    const database = drizzle(async (query, values, method) => {
      asked.push([query, values, method]);
      return { rows: method === "get" ? row : [row] };
    });
    return [
      await database.select().from(users).where(and(eq(users.name, "ann"), or(inArray(users.id, [1, 2]), sql`1 = ${3}`))).orderBy(desc(users.id)).limit(3),
      await database.insert(users).values({ name: "b", at: new Date(5000), tags: ["a"] }).onConflictDoUpdate({ target: users.id, set: { name: "c" } }).returning(),
      database.select({ name: users.name, posts: count(posts.id) }).from(users).leftJoin(posts, eq(posts.user, users.id)).groupBy(users.id).toSQL(),
    ];
  },
};

export default {
  async fetch(request) {
    const made = await routes[new URL(request.url).pathname.slice(1)]();
    return Response.json({ made, asked: asked.splice(0) });
  },
};
