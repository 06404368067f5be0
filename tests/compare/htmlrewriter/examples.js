// HTMLRewriter: what the field's examples do, in one page.
class AttributeRewriter {
  constructor(name) {
    this.name = name;
  }
  element(element) {
    const attribute = element.getAttribute(this.name);
    if (attribute) element.setAttribute(this.name, attribute.replace("old.example", "new.example"));
  }
}

const PAGE = `<!DOCTYPE html>
<html lang="en"><head><title>Old &amp; slow</title><meta name="description" content="x">
<link rel="stylesheet" href="http://old.example/a.css"></head>
<body><!-- a secret --><h1 data-i18n="title">Hello</h1>
<p>See <a href="http://old.example/one">one</a>, <a href="/two">two</a> &copy; 2024</p>
<img src="http://old.example/i.png" alt=''><div id="user_info"></div><script>let a = "<b>";</script>
<ul><li>1</li><li class="gone">2<b>x</b></li><li>3</li></ul></body></html>`;

const strings = { title: "Bonjour" };
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export default {
  async fetch() {
    const facts = {};
    const page = () => new Response(PAGE, { headers: { "content-type": "text/html;charset=UTF-8" } });
    facts.links = await new HTMLRewriter()
      .on("a", new AttributeRewriter("href"))
      .on("img", new AttributeRewriter("src"))
      .on("link", new AttributeRewriter("href"))
      .transform(page())
      .text();
    facts.localized = await new HTMLRewriter()
      .on("[data-i18n]", {
        element(element) {
          element.setInnerContent(strings[element.getAttribute("data-i18n")]);
          element.removeAttribute("data-i18n");
        },
      })
      .on("html", { element: (element) => void element.setAttribute("lang", "fr") })
      .transform(page())
      .text();
    let title = "";
    facts.title = await new HTMLRewriter()
      .on("title", {
        text(chunk) {
          title += chunk.text;
          if (chunk.lastInTextNode) chunk.replace(`New: ${title.length}`);
          else chunk.remove();
        },
      })
      .transform(page())
      .text();
    facts.user = await new HTMLRewriter()
      .on("div#user_info", {
        async element(element) {
          await wait(3);
          element.setInnerContent("<b>Ada</b>", { html: true });
        },
      })
      .transform(page())
      .text();
    facts.stripped = await new HTMLRewriter()
      .on("*", { comments: (comment) => void comment.remove() })
      .on("li.gone", { element: (element) => void element.remove() })
      .on("script", { element: (element) => void element.setAttribute("nonce", "n1") })
      .on("head", { element: (element) => void element.append('<script src="/x.js"></script>', { html: true }) })
      .on("p", { element: (element) => void element.removeAndKeepContent() })
      .onDocument({ end: (end) => void end.append("<!-- end -->", { html: true }) })
      .transform(page())
      .text();
    const found = [];
    await new HTMLRewriter()
      .on("*", {
        element(element) {
          found.push([element.tagName, [...element.attributes]]);
        },
      })
      .transform(page())
      .arrayBuffer();
    facts.found = found;
    const passed = new HTMLRewriter().on("a", new AttributeRewriter("href")).transform(page());
    facts.headers = [...passed.headers];
    return Response.json(facts);
  },
};
