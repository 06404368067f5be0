// marked and markdown-it: Markdown to HTML.
// requests: GET /
import { Marked, marked } from "marked";
import MarkdownIt from "markdown-it";
const TEXT = "# Title *em*\n\nA **bold** [link](http://x.example \"t\") `code` <b>raw</b> & ~~gone~~\n\n- one\n- two\n  1. deep\n\n> quoted\n\n```js\nlet a = 1 < 2;\n```\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n\n![i](x.png)\n\nhttp://auto.example \"quotes\" -- (c)\n\n---\n\n- [x] task\n";
export default {
  async fetch() {
    const md = new MarkdownIt({ html: false, linkify: true, typographer: true });
    const renderer = { heading: ({ tokens, depth }) => `<h${depth} class="x">${tokens.length}</h${depth}>\n` };
    const first = marked.parse(TEXT);
    return Response.json({ marked: first, tokens: marked.lexer("a *b*")[0].tokens.map((token) => token.type), it: md.render(TEXT), inline: md.renderInline("*x* <i>"), changed: new Marked({ renderer }).parse(TEXT.slice(0, 40)) });
  },
};
