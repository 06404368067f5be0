// React Router as a framework: loaders, actions, sessions, errors, redirects, and data that comes later.
// requests: GET /; GET /item/5?x=1; GET /item/5.data; POST /act name=z; GET /nope; GET /err; GET /moved; GET /later; GET /_.data; HEAD /item/5
// flags: nodejs_compat
// date: 2026-11-17
import { Suspense } from "react";
import { renderToReadableStream } from "react-dom/server";
import {
  Await, Form, Link, Links, Meta, Outlet, ServerRouter, createCookieSessionStorage, createRequestHandler, data, isRouteErrorResponse,
  redirect, useLoaderData, useRouteError,
} from "react-router";

const sessions = createCookieSessionStorage({ cookie: { name: "__s", secrets: ["s1"], sameSite: "lax", httpOnly: true } });

function Failure() {
  const error: any = useRouteError();
  const told = isRouteErrorResponse(error) ? `${error.status} ${error.statusText}` : error.message;
  return <html><body><h1>{told}</h1></body></html>;
}
function Home() {
  const { hi, when, map }: any = useLoaderData();
  return <p>{hi} {when.getTime()} {map.get("a")} <Link to="/item/5">item</Link></p>;
}
function Later() {
  const { slow }: any = useLoaderData();
  return <Suspense fallback={<i>wait</i>}><Await resolve={slow}>{(value: any) => <b>{value}</b>}</Await></Suspense>;
}

const modules: Record<string, any> = {
  root: { default: () => <html><head><Meta /><Links /></head><body><Outlet /></body></html>, ErrorBoundary: Failure },
  home: {
    meta: () => [{ title: "Home" }],
    async loader({ request }: any) {
      const session = await sessions.getSession(request.headers.get("cookie"));
      session.set("n", 1);
      const headers = { "set-cookie": await sessions.commitSession(session) };
      return data({ hi: "there", when: new Date(0), map: new Map([["a", 1]]) }, { headers });
    },
    headers: ({ loaderHeaders }: any) => loaderHeaders,
    default: Home,
  },
  item: {
    loader: ({ params, request }: any) => ({ id: params.id, x: new URL(request.url).searchParams.get("x") }),
    default: () => <pre>{JSON.stringify(useLoaderData())}</pre>,
  },
  act: {
    action: async ({ request }: any) => data({ got: new URLSearchParams(await request.text()).get("name") }, { status: 201 }),
    default: ({ actionData }: any) => <Form method="post"><input name="name" defaultValue={actionData?.got} /></Form>,
  },
  err: { loader: () => { throw new Response("gone", { status: 410, statusText: "Gone" }); }, default: () => null },
  moved: { loader: () => redirect("/item/1", { headers: { "x-r": "1" } }) },
  later: { loader: () => ({ slow: new Promise((done) => setTimeout(() => done("slow"), 5)) }), default: Later },
};
const paths: Record<string, string> = { item: "item/:id", act: "act", err: "err", moved: "moved", later: "later" };
const routes: any = {};
const listed: any = {};
for (const [id, module] of Object.entries(modules)) {
  const place = id === "root" ? { path: "" } : { parentId: "root", path: paths[id], index: id === "home" || undefined };
  routes[id] = { id, ...place, module };
  listed[id] = {
    id, ...place, hasLoader: !!module.loader, hasAction: !!module.action, hasErrorBoundary: !!module.ErrorBoundary, hasClientAction: false,
    hasClientLoader: false, hasClientMiddleware: false, hasDefaultExport: true, module: "/m.js", imports: [], css: [],
  };
}

async function document(request: Request, status: number, headers: Headers, context: any) {
  headers.set("content-type", "text/html");
  const body = await renderToReadableStream(<ServerRouter context={context} url={request.url} />, { onError() {} });
  return new Response(body, { headers, status });
}

const handler = createRequestHandler(
  {
    entry: { module: { default: document } }, routes, publicPath: "/", assetsBuildDirectory: "x", future: {}, isSpaMode: false, ssr: true,
    assets: { entry: { imports: [], module: "/e.js" }, routes: listed, url: "/m.js", version: "1" },
    prerender: [], routeDiscovery: { mode: "initial", manifestPath: "/__manifest" },
  } as any,
  "production",
);
export default { fetch: (request: Request) => handler(request) };
