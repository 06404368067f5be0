// E43 Set security headers: added to pages, and some taken away.
// class: local stub
// > GET /page.html
// < 200 | x-frame-options: DENY | x-content-type-options: nosniff | strict-transport-security: max-age=31536000 | referrer-policy: same-origin || <title>
// > GET /json
// < 200 || "path"
const SECURE = { "content-security-policy": "default-src 'self'", "strict-transport-security": "max-age=31536000", "x-frame-options": "DENY", "x-content-type-options": "nosniff", "referrer-policy": "same-origin", "cross-origin-opener-policy": 'same-origin; report-to="default";' };
const BLOCKED = ["public-key-pins", "x-powered-by", "x-origin"];
export default {
  async fetch(request, env) {
    const answer = await fetch(env.ORIGIN + new URL(request.url).pathname);
    const headers = new Headers(answer.headers);
    if (!headers.get("content-type")?.includes("text/html")) return answer;
    for (const [name, value] of Object.entries(SECURE)) headers.set(name, value);
    for (const name of BLOCKED) headers.delete(name);
    return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
  },
};
