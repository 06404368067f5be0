// express with helmet, cors, cookie-session, multer: what servers are put together of.
// flags: nodejs_compat
// date: 2026-10-01
import express from "express";
import helmet from "helmet";
import cors from "cors";
import cookieSession from "cookie-session";
import multer from "multer";
import { httpServerHandler } from "cloudflare:node";

const app = express();
app.use(helmet());
app.use(cors({ origin: "https://a.example", credentials: true }));
app.use(cookieSession({ name: "s", keys: ["k1"], maxAge: 1000 }));
app.get("/", (request, response) => {
  request.session.seen = (request.session.seen || 0) + 1;
  response.json({ seen: request.session.seen });
});
const upload = multer({ storage: multer.memoryStorage(), limits: { fileSize: 10 } });
app.post("/upload", upload.single("f"), (request, response) => {
  const { file, body } = request;
  response.json({ file: file && [file.originalname, file.mimetype, file.size, file.buffer.toString()], body });
});
app.get("/late", (request, response) => {
  setTimeout(() => response.write("late "), 1).unref();
  setTimeout(() => response.end("and later"), 2).ref();
});
app.use((error, request, response, next) => response.status(400).json({ name: error.name, code: error.code, message: error.message }));
app.listen(8080);
const handler = httpServerHandler({ port: 8080 });

export default {
  async fetch(request, env, context) {
    const told = {};
    const ask = async (name, path, init) => {
      const answer = await handler.fetch(new Request(`http://x.example${path}`, init), env, context);
      const headers = [...answer.headers].filter(([key]) => key !== "date" && key !== "set-cookie");
      const cookies = answer.headers.getSetCookie().map((cookie) => cookie.replace(/=[^;]*/, "=").replace(/expires=[^;]+/i, ""));
      told[name] = [answer.status, headers, cookies, await answer.text()];
    };
    await ask("root", "/");
    await ask("preflight", "/", { method: "OPTIONS", headers: { origin: "https://a.example", "access-control-request-method": "POST" } });
    const form = new FormData();
    form.append("a", "1");
    form.append("f", new File(["hello"], "x.txt", { type: "text/plain" }));
    await ask("upload", "/upload", { method: "POST", body: form });
    form.set("f", new File(["hello, hello"], "y.txt"));
    await ask("too large", "/upload", { method: "POST", body: form });
    await ask("late", "/late");
    return Response.json(told);
  },
};
