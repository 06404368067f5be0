// better-auth and arctic: accounts, sessions and their cookies, and addresses of providers.
// requests: GET /ok; GET /session; GET /weak; GET /account; GET /providers
// flags: nodejs_compat
// date: 2026-11-17
import { betterAuth } from "better-auth";
import { CodeChallengeMethod, GitHub, Google, OAuth2Client, decodeIdToken } from "arctic";

const auth = betterAuth({
  baseURL: "http://localhost:3000",
  secret: "a-secret-of-thirty-two-characters!!",
  emailAndPassword: {
    enabled: true,
    // The default's scrypt is made to be slow.
    password: { hash: async (password) => `plain:${password}`, verify: async ({ hash, password }) => hash === `plain:${password}` },
  },
  telemetry: { enabled: false },
  logger: { disabled: true },
});
const post = (path: string, body: object, cookie = "") =>
  auth.handler(
    new Request(`http://localhost:3000/api/auth${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: "http://localhost:3000", cookie },
      body: JSON.stringify(body),
    }),
  );
const get = (path: string, cookie = "") => auth.handler(new Request(`http://localhost:3000/api/auth${path}`, { headers: { cookie } }));
// What is random or a time is left out.
const told = async (response: Response) => {
  const body: any = JSON.parse((await response.text()).replace(/\d{4}-\d\d-\d\dT[^"]*/g, "time") || "null");
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.replace(/=[^;]+/, "=…"));
  return { status: response.status, user: body?.user && { ...body.user, id: typeof body.user.id }, message: body?.message, cookies };
};

const routes: Record<string, () => Promise<unknown>> = {
  "/ok": async () => (await get("/ok")).json(),
  "/session": async () => told(await get("/get-session")),
  "/weak": async () => told(await post("/sign-up/email", { email: "a@b.example", password: "short", name: "A" })),
  async "/account"() {
    const email = `${crypto.randomUUID()}@b.example`;
    const made = await post("/sign-up/email", { email, password: "long enough", name: "A" });
    const wrong = await post("/sign-in/email", { email, password: "not that one" });
    const signed = await post("/sign-in/email", { email, password: "long enough" });
    const cookie = signed.headers.getSetCookie().map((each) => each.split(";")[0]).join("; ");
    const all = [await told(made), await told(wrong), await told(signed), await told(await get("/get-session", cookie))];
    return JSON.parse(JSON.stringify(all).replaceAll(email, "someone"));
  },
  async "/providers"() {
    const verifier = "v".repeat(43);
    const custom = new OAuth2Client("id", "secret", "http://back.example");
    return [
      new GitHub("id", "secret", null).createAuthorizationURL("state", ["user:email"]),
      new Google("id", "secret", "http://back.example").createAuthorizationURL("state", verifier, ["openid"]),
      custom.createAuthorizationURLWithPKCE("http://p.example", "state", CodeChallengeMethod.S256, verifier, ["a", "b"]),
      decodeIdToken("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."),
    ];
  },
};

export default {
  async fetch(request: Request) {
    const route = routes[new URL(request.url).pathname];
    return route ? Response.json(await route()) : new Response("no such route", { status: 404 });
  },
};
