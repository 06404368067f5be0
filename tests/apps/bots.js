// Bots and one-time passwords: grammY, discord-interactions, slack-edge, otpauth.
// requests: GET /telegram; GET /discord; GET /slack; GET /otp
import { verifyKey } from "discord-interactions";
import { Bot, webhookCallback } from "grammy";
import { TOTP } from "otpauth";
import { SlackApp } from "slack-edge";

const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const bytes = (text) => new TextEncoder().encode(text);

const routes = {
  async telegram() {
    const asked = [];
    const fetch = async (url, { body }) => {
      asked.push([String(url), body]);
      return Response.json({ ok: true, result: { message_id: 1 } });
    };
    const bot = new Bot("1:a", { botInfo: { id: 1, is_bot: true, first_name: "b", username: "b" }, client: { fetch } });
    bot.command("start", (context) => context.reply(`hi ${context.from.first_name} ${context.match}`));
    const from = { id: 2, is_bot: false, first_name: "Zoë" };
    const message = { message_id: 1, date: 1, text: "/start now", entities: [{ type: "bot_command", offset: 0, length: 6 }], chat: { id: 5, type: "private" }, from };
    const update = new Request("http://bot.example/", { method: "POST", body: JSON.stringify({ update_id: 1, message }) });
    const answer = await webhookCallback(bot, "cloudflare-mod")(update);
    return [answer.status, asked];
  },
  async discord() {
    const keys = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
    const key = hex(await crypto.subtle.exportKey("raw", keys.publicKey));
    const signature = hex(await crypto.subtle.sign("Ed25519", keys.privateKey, bytes("1body")));
    return [await verifyKey("body", signature, "1", key), await verifyKey("other", signature, "1", key)];
  },
  async slack() {
    const env = { SLACK_SIGNING_SECRET: "s", SLACK_BOT_TOKEN: "xoxb", SLACK_LOGGING_LEVEL: "ERROR" };
    const authorize = async () => ({ enterpriseId: null, teamId: "T", botToken: "b", botId: "B", botUserId: "U", botScopes: [] });
    const app = new SlackApp({ env, authorize });
    app.command("/hi", async ({ payload }) => `hello ${payload.text}`);
    const body = "command=/hi&text=x&team_id=T&user_id=U&channel_id=C&response_url=http%3A%2F%2Fslack.example";
    const time = Math.floor(Date.now() / 1000);
    const key = await crypto.subtle.importKey("raw", bytes("s"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const signed = hex(await crypto.subtle.sign("HMAC", key, bytes(`v0:${time}:${body}`)));
    const call = (signature) => {
      const headers = { "content-type": "application/x-www-form-urlencoded", "x-slack-request-timestamp": String(time), "x-slack-signature": `v0=${signature}` };
      return app.run(new Request("http://bot.example/", { method: "POST", body, headers }), { waitUntil() {} });
    };
    const [good, bad] = [await call(signed), await call("00")];
    return [good.status, await good.text(), bad.status];
  },
  otp() {
    const code = new TOTP({ secret: "NB2W45DFOIZA" });
    return [code.generate({ timestamp: 59_000 }), code.validate({ token: "000000", timestamp: 0 }), String(code)];
  },
};

export default {
  fetch: async (request) => Response.json(await routes[new URL(request.url).pathname.slice(1)]()),
};
