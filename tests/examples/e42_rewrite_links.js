// E42 Rewrite links: HTMLRewriter changes attributes.
// class: local stub
// > GET /page.html
// < 200 || <a href="https://new.example/a"> || <img src="https://new.example/i.png">
class Rewriter {
  constructor(name) {
    this.name = name;
  }
  element(element) {
    const value = element.getAttribute(this.name);
    if (value) element.setAttribute(this.name, value.replace("http://old.example", "https://new.example"));
  }
}
export default {
  async fetch(request, env) {
    const answer = await fetch(env.ORIGIN + new URL(request.url).pathname);
    if (!answer.headers.get("content-type")?.startsWith("text/html")) return answer;
    return new HTMLRewriter().on("a", new Rewriter("href")).on("img", new Rewriter("src")).transform(answer);
  },
};
