// TanStack Router on the server: routes with loaders, searches that are checked, redirects, what is not found.
// date: 2026-01-01
// flags: nodejs_compat
// requests: GET /; GET /posts/3?page=2; GET /posts/3?page=x; GET /old; GET /fails; GET /nope
import { Link, Outlet, RouterProvider, createMemoryHistory, createRootRoute, createRoute, createRouter, redirect } from "@tanstack/react-router";
import { renderToString } from "react-dom/server";

const root = createRootRoute({
  component: () => <main><Link to="/posts/$id" params={{ id: "1" }} search={{ page: 1 }}>first</Link><Outlet /></main>,
  notFoundComponent: () => <p>nothing here</p>,
});
const index = createRoute({ getParentRoute: () => root, path: "/", component: () => <h1>Index</h1> });
const post = createRoute({
  getParentRoute: () => root,
  path: "/posts/$id",
  validateSearch: (search: Record<string, unknown>) => ({ page: Number(search.page) || 1 }),
  loaderDeps: ({ search }) => search,
  loader: async ({ params, deps }) => ({ title: `post ${params.id}, page ${deps.page}` }),
  component: function Post() {
    return <article>{post.useLoaderData().title} {post.useParams().id}</article>;
  },
});
const old = createRoute({ getParentRoute: () => root, path: "/old", beforeLoad: () => { throw redirect({ to: "/" }); } });
const fails = createRoute({
  getParentRoute: () => root,
  path: "/fails",
  loader: () => { throw new Error("no loader"); },
  errorComponent: ({ error }) => <p>{error.message}</p>,
});

export default {
  async fetch(request: Request) {
    const { pathname, search } = new URL(request.url);
    const history = createMemoryHistory({ initialEntries: [pathname + search] });
    const router = createRouter({ routeTree: root.addChildren([index, post, old, fails]), history, isServer: true });
    await router.load();
    const { redirect: to, statusCode } = router.state as { redirect?: { options?: { to?: string } }; statusCode: number };
    if (to) return Response.json({ to: to.options?.to, location: router.state.location.pathname });
    const page = renderToString(<RouterProvider router={router} />);
    return new Response(page, { status: statusCode, headers: { "content-type": "text/html" } });
  },
};
