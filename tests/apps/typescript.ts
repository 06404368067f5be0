// A Worker in TypeScript against the platform's types: classes, decorators-free services, env, ctx.
// requests: GET /; GET /count; POST /sum [1,2,3]
interface Env {
  GREETING?: string;
}
enum Kind {
  Root,
  Count,
}
abstract class Service<T> {
  constructor(protected readonly request: Request) {}
  abstract handle(): Promise<T>;
}
class Sum extends Service<{ sum: number; kind: keyof typeof Kind }> {
  async handle() {
    const numbers = await this.request.json<number[]>();
    return { sum: numbers.reduce((a, b) => a + b, 0), kind: Kind[Kind.Count] as keyof typeof Kind };
  }
}
const seen = new Map<string, number>();
export default {
  async fetch(request, env, ctx): Promise<Response> {
    const url = new URL(request.url);
    if (request.method === "POST") return Response.json(await new Sum(request).handle());
    seen.set(url.pathname, (seen.get(url.pathname) ?? 0) + 1);
    ctx.waitUntil(Promise.resolve());
    const headers = new Headers({ "cache-control": "no-store" });
    headers.append("x-list", "a");
    headers.append("x-list", "b");
    return new Response(JSON.stringify({ seen: [...seen], greeting: env.GREETING ?? null, kind: Kind.Root }), { headers });
  },
} satisfies ExportedHandler<Env>;
