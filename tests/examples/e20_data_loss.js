// E20 Data loss prevention: what looks like a secret is told of, and masked.
// class: local stub
// > GET /secret
// < 200 || a key ********** and a mail **********
const PATTERNS = { mail: String.raw`\b[\w.%+-]+@[\w.-]+\.[A-Za-z]{2,}\b`, key: String.raw`\bKEY-\d{6}\b` };
export default {
  async fetch(request, env) {
    const answer = await fetch(`${env.ORIGIN}/text/a%20key%20KEY-123456%20and%20a%20mail%20a.b@c.example`);
    let text = await answer.text();
    for (const [kind, pattern] of Object.entries(PATTERNS)) {
      if (!new RegExp(pattern).test(text)) continue;
      await fetch(`${env.ORIGIN}/json`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ kind, request }) });
      text = text.replace(new RegExp(pattern, "g"), "**********");
    }
    return new Response(text, answer);
  },
};
