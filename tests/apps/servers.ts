// h3 and tRPC: servers on the fetch API.
// requests: GET /h3/; GET /h3/hi/ann?x=1; POST /h3/echo {"a":1}; GET /h3/none; GET /trpc/add?input=%7B%22a%22%3A1%2C%22b%22%3A2%7D; GET /trpc/add?input=%7B%7D; GET /trpc/nope; GET /trpc/add,add?batch=1&input=%7B%220%22%3A%7B%22a%22%3A1%2C%22b%22%3A1%7D%2C%221%22%3A%7B%22a%22%3A2%2C%22b%22%3A2%7D%7D
import { H3, HTTPError, readBody, getQuery } from "h3";
import { initTRPC } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { z } from "zod";
const app = new H3();
app.get("/h3/", () => "root");
app.get("/h3/hi/:name", (event) => ({ name: event.context.params?.name, query: getQuery(event) }));
app.post("/h3/echo", async (event) => readBody(event));
app.get("/h3/none", () => {
  throw new HTTPError({ status: 404, message: "nothing" });
});
const t = initTRPC.create({ isDev: false });
const router = t.router({ add: t.procedure.input(z.object({ a: z.number(), b: z.number() })).query(({ input }) => ({ sum: input.a + input.b })) });
export default {
  fetch(request: Request) {
    if (new URL(request.url).pathname.startsWith("/trpc")) return fetchRequestHandler({ endpoint: "/trpc", req: request, router, createContext: () => ({}) });
    return app.fetch(request);
  },
};
