// E45 SPA shell with bootstrap data: a page that data is put into while it streams, with a nonce. The page comes from
// the stub instead of assets, which tests/e2e/assets.rs tries.
// class: local stub
// > GET /page.html
// < 200 || <script nonce=" || window.DATA={ || "path":"/json/bootstrap" || <title>T</title>
// > GET /broken
// < 502 || no data
export default {
  async fetch(request, env) {
    const broken = new URL(request.url).pathname === "/broken";
    const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
    const page = fetch(`${env.ORIGIN}/page.html`);
    const data = fetch(`${env.ORIGIN}${broken ? "/status/500" : "/json/bootstrap"}`);
    if (broken && !(await data).ok) return new Response("no data", { status: 502 });
    const rewriter = new HTMLRewriter().on("head", {
      async element(element) {
        const json = JSON.stringify(await (await data).json()).replaceAll("<", "\\u003c");
        element.prepend(`<script nonce="${nonce}">window.DATA=${json}</script>`, { html: true });
      },
    });
    const shell = rewriter.transform(await page);
    shell.headers.set("content-security-policy", `script-src 'nonce-${nonce}'`);
    return shell;
  },
};
