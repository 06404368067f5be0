// E47 Turnstile with Workers: a widget is put into a page, and its token asked about at a service.
// class: local stub
// > GET /page.html
// < 200 || <div class="cf-turnstile" data-sitekey="key">
// > POST /handler | content-type: application/x-www-form-urlencoded || cf-turnstile-response=good
// < 200 || verified
// > POST /handler | content-type: application/x-www-form-urlencoded || cf-turnstile-response=bad
// < 401
async function handler(request, env) {
  const form = await request.formData();
  const asked = new FormData();
  asked.append("secret", env.SECRET);
  asked.append("response", form.get("cf-turnstile-response"));
  asked.append("remoteip", request.headers.get("cf-connecting-ip"));
  const outcome = await (await fetch(`${env.ORIGIN}/siteverify`, { method: "POST", body: asked })).json();
  return outcome.success ? new Response("verified") : new Response("not verified", { status: 401 });
}
export default {
  async fetch(request, env) {
    if (request.method === "POST") return handler(request, env);
    const answer = await fetch(env.ORIGIN + new URL(request.url).pathname);
    return new HTMLRewriter()
      .on("head", { element: (element) => void element.append('<script src="https://challenges.example/api.js" async defer></script>', { html: true }) })
      .on("body", { element: (element) => void element.append('<div class="cf-turnstile" data-sitekey="key"></div>', { html: true }) })
      .transform(answer);
  },
};
