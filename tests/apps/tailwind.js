// Tailwind's compiler, and postcss: style sheets made where they are asked for.
// requests: GET /; GET /?class=nope; GET /?class=md:hover:p-2&class=-mt-4&class=tab-4
import postcss from "postcss";
import { compile } from "tailwindcss";
const SHEET = `
  @theme { --spacing: 0.25rem; --breakpoint-md: 48rem; --color-red-500: oklch(63.7% 0.237 25.331); --font-weight-bold: 700; }
  @tailwind utilities;
  .btn { @apply px-2 font-bold hover:opacity-50; }
  @utility tab-* { tab-size: --value(integer); }
`;
const USUAL = ["flex", "p-4", "md:hover:bg-red-500/50", "text-[13px]", "dark:border", "group-hover:underline", "grid-cols-[1fr_2fr]", "space-x-2", "has-[:checked]:p-1"];
const counting = (seen) => ({
  postcssPlugin: "counting",
  Declaration({ prop }) { seen[prop] = (seen[prop] ?? 0) + 1; },
  AtRule: { media(rule) { rule.params = rule.params.replace("width >= 48rem", "min-width: 48rem"); } },
});
export default {
  async fetch(request) {
    const classes = new URL(request.url).searchParams.getAll("class");
    const compiler = await compile(SHEET);
    const css = compiler.build(classes.length > 0 ? classes : USUAL);
    const seen = {};
    const { css: processed } = await postcss([counting(seen)]).process(css, { from: undefined });
    let mistake;
    try {
      await compile(".a { @apply none-such; }");
    } catch (error) {
      mistake = error.message;
    }
    return Response.json({ processed, seen, mistake });
  },
};
