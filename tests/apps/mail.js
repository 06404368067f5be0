// nodemailer: messages as bytes and as JSON, and a server that is not there.
// requests: GET /message; GET /json; GET /refused
// flags: nodejs_compat
// date: 2026-11-17
import nodemailer from "nodemailer";

const message = { from: "a@b.example", to: "d@e.example", subject: "Grüße", text: "hi", messageId: "<x@y.example>", date: new Date(0) };
const attachments = [{ filename: "a.txt", content: "x" }];
const routes = {
  async message() {
    const { message: bytes, envelope } = await nodemailer.createTransport({ streamTransport: true, buffer: true }).sendMail({ ...message, html: "<b>hi</b>", attachments });
    return [String(bytes).replace(/--_NmP-[\w-]+/g, "BOUNDARY"), envelope];
  },
  json: async () => JSON.parse((await nodemailer.createTransport({ jsonTransport: true }).sendMail(message)).message),
  async refused() {
    const error = await nodemailer.createTransport({ host: "127.0.0.1", port: 1 }).sendMail(message).catch((error) => error);
    return [error.name, error.code];
  },
};

export default {
  fetch: async (request) => Response.json(await routes[new URL(request.url).pathname.slice(1)]()),
};
