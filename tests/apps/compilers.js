// What compiles text: MDX, sucrase.
// requests: GET /mdx; GET /sucrase
// flags: nodejs_compat
import { compile } from "@mdx-js/mdx";
import { transform } from "sucrase";

const routes = {
  mdx: async () => String(await compile("# Hi {1 + 1}\n\n<B a={2}>*x*</B>\n\nexport const a = 1", { jsxImportSource: "react" })),
  sucrase: () => transform("const a: number = <div>{x as any}</div>; enum E { A }; export type T = E", { transforms: ["typescript", "jsx", "imports"] }).code,
};

export default {
  fetch: async (request) => new Response(await routes[new URL(request.url).pathname.slice(1)]()),
};
