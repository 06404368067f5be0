// cheerio, htmlparser2, linkedom: documents read, asked and changed.
// requests: GET /
import * as cheerio from "cheerio";
import { parseDocument, Parser } from "htmlparser2";
import { DOMParser, parseHTML } from "linkedom";
const PAGE = '<!doctype html><title>T &amp; t</title><ul class="l"><li id=one data-x="1">One<li class="two b">Two<p>in</ul><a href="/a?b=1&amp;c=2">link</a><script>1 < 2</script>';
export default {
  fetch() {
    const $ = cheerio.load(PAGE);
    $("li.two").addClass("new").append("<i>more</i>").attr("title", 'q"');
    const names = [];
    const parser = new Parser({ onopentag: (name, attributes) => names.push([name, attributes]), ontext: (text) => text.trim() && names.push(text) });
    parser.write(PAGE.slice(0, 70));
    parser.write(PAGE.slice(70));
    parser.end();
    const { document } = parseHTML("<html><body><div id=x><p>a</p></div></body></html>");
    document.querySelector("#x").append(Object.assign(document.createElement("b"), { textContent: "<esc>" }));
    return Response.json({
      cheerio: [$("title").text(), $("li").map((_, it) => $(it).text()).get(), $("#one").data("x"), $("li").eq(1).prevAll().length, $("a").attr("href"), $.html(), cheerio.load("<a><b/></a>", { xml: true }).xml(), $("ul").find(":not(.b)").length, $("li:has(p)").length, $.extract({ first: "li", all: [{ selector: "li", value: "class" }] })],
      htmlparser2: [names, parseDocument("<p>x").children.length],
      linkedom: [document.toString(), document.querySelectorAll("p, b").length, new DOMParser().parseFromString("<r><s a='1'/></r>", "text/xml").documentElement.outerHTML],
    });
  },
};
