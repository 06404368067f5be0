// itty-router: routes, nesting, middleware, errors.
// requests: GET /; GET /todos/7?x=1; POST /todos {"t":"x"}; GET /none; GET /throw; GET /n/deep/a
import { AutoRouter, cors, error, json, withContent, IttyRouter } from "itty-router";
const { preflight, corsify } = cors();
const nested = IttyRouter({ base: "/n" });
nested.get("/deep/:x", ({ params }) => json({ nested: params.x }));
const router = AutoRouter({ before: [preflight], finally: [corsify] });
router
  .get("/", () => "root")
  .get("/todos/:id", ({ params, query }) => ({ params, query }))
  .post("/todos", withContent, ({ content }) => json({ content }, { status: 201 }))
  .get("/throw", () => error(402, "pay"))
  .all("/n/*", nested.fetch);
export default { ...router };
