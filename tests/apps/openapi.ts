// itty-router-openapi and chanfana: routes that describe themselves.
// requests: GET /todos/5; GET /todos/x; GET /openapi.json; GET /c/tasks?page=3; GET /c/tasks; GET /c/openapi.json; POST /c/tasks {"title":"t"}; POST /c/tasks {"title":1}
import { OpenAPIRoute as IttyRoute, OpenAPIRouter, Path, Num } from "@cloudflare/itty-router-openapi";
import { fromHono, OpenAPIRoute } from "chanfana";
import { Hono } from "hono";
import { z } from "zod";
class GetTodo extends IttyRoute {
  static schema = { summary: "a todo", parameters: { id: Path(Num, { description: "which" }) }, responses: { "200": { description: "it", schema: { id: 1, title: "t" } } } };
  async handle(request: Request, env: unknown, ctx: unknown, data: { params: { id: number } }) {
    return { id: data.params.id, title: "t" };
  }
}
const router = OpenAPIRouter({ schema: { info: { title: "Todos", version: "1" } } });
router.get("/todos/:id", GetTodo);
router.all("*", () => Response.json({ error: "none" }, { status: 404 }));
class ListTasks extends OpenAPIRoute {
  schema = { request: { query: z.object({ page: z.coerce.number().min(1).default(1) }) }, responses: { "200": { description: "tasks" } } };
  async handle() {
    return { page: (await this.getValidatedData<typeof this.schema>()).query.page };
  }
}
class MakeTask extends OpenAPIRoute {
  schema = { request: { body: { content: { "application/json": { schema: z.object({ title: z.string() }) } } } }, responses: { "200": { description: "task" } } };
  async handle() {
    return { made: (await this.getValidatedData<typeof this.schema>()).body };
  }
}
const app = new Hono().basePath("/c");
const openapi = fromHono(app, { schema: { info: { title: "Tasks", version: "1" } } });
openapi.get("/tasks", ListTasks);
openapi.post("/tasks", MakeTask);
export default { fetch: (request: Request, env: never, ctx: never) => (new URL(request.url).pathname.startsWith("/c/") ? app.fetch(request, env, ctx) : router.handle(request, env, ctx)) };
