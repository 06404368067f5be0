// What an `email` handler is called with (spec: SEMANTICS §16), and what the module `cloudflare:email` has.
import { ExtendableEvent, KEY } from "internal:events";
import { bytesStream, ReadableStream } from "internal:streams";
import native from "internal:native";
import { Body } from "internal:body";
import { TextDecoder } from "internal:encoding";
import { Headers } from "internal:headers";
import { Response } from "internal:response";
import { member } from "internal:shape";
import { closed, illegalConstructor, platform, wrongConstructorParameter, wrongParameter } from "internal:platform";

const RAW = Symbol();
const decoder = new TextDecoder("latin1");
const decode = member(TextDecoder, "decode");
const append = member(Headers, "append");
const textOf = member(Body, "text");

// An email that a Worker makes: from, to, and its text by the format of the Internet.
export class EmailMessage {
  constructor(from, to, raw) {
    const given = arguments.length;
    for (let at = 0; at < 3; at++) {
      if (given <= at) throw wrongConstructorParameter("EmailMessage", at + 1, at < 2 ? "string" : "JsReadableStream or string");
    }
    this.from = `${from}`;
    this.to = `${to}`;
    Object.defineProperty(this, RAW, { value: raw instanceof ReadableStream ? raw : `${raw}` });
  }
}
platform(EmailMessage);

// The fields of an email's head, with those that are folded on one line.
function fieldsOf(bytes) {
  const text = decode(decoder, bytes.subarray(0, 262144));
  const end = /\r?\n\r?\n/.exec(text);
  const head = (end === null ? text : text.slice(0, end.index)).replace(/\r?\n[ \t]+/g, " ");
  const headers = new Headers();
  for (const line of head.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    try {
      append(headers, line.slice(0, colon).trim(), line.slice(colon + 1).trim());
    } catch {
      // A field that no header can hold is still in the raw email.
    }
  }
  return headers;
}

const own = (object, name, value) => Object.defineProperty(object, name, { value, writable: false, enumerable: true, configurable: true });

async function rawText(raw) {
  return typeof raw === "string" ? raw : textOf(new Response(raw));
}

class ForwardableEmailMessage {
  #fate;
  constructor(key, from, to, bytes, fate) {
    if (key !== KEY) throw illegalConstructor();
    this.#fate = fate;
    own(this, "from", from);
    own(this, "to", to);
    own(this, "headers", fate.headers);
    own(this, "raw", bytesStream(bytes));
    own(this, "rawSize", bytes.byteLength);
  }
  setReject(reason) {
    if (arguments.length === 0) throw wrongParameter("setReject", "ForwardableEmailMessage", 1, "string");
    this.#fate.rejected = `${reason}`;
  }
  async forward(recipient, headers) {
    if (arguments.length === 0) throw wrongParameter("forward", "ForwardableEmailMessage", 1, "string");
    const more = headers === undefined ? [] : [...new Headers(headers)];
    for (const [name] of more) {
      if (!/^x-/i.test(name)) throw new Error(`Header ${name} cannot be added; only those that begin with X- can.`);
    }
    this.#fate.forwarded.push({ to: `${recipient}`, headers: Object.fromEntries(more) });
    return { messageId: this.#fate.headers.get("message-id") ?? "" };
  }
  async reply(message) {
    const id = this.#fate.headers.get("message-id");
    let text, from, to;
    if (message instanceof EmailMessage) {
      ({ from, to } = message);
      text = await rawText(message[RAW]);
      const about = native.headersGet(fieldsOf(native.utf8(text)), "in-reply-to");
      if (about === null || (id !== null && !about.includes(id))) throw new Error("The reply's In-Reply-To is not the Message-ID of the email.");
    } else {
      if (typeof message !== "object" || message === null) throw wrongParameter("reply", "ForwardableEmailMessage", 1, "EmailMessage");
      ({ from, to = this.from } = message);
      text = message.text ?? message.html ?? "";
    }
    if (`${to}` !== this.from) throw new Error("A reply goes to the sender of the email.");
    if (this.#fate.replies.length > 0) throw new Error("An email can be replied to once.");
    this.#fate.replies.push({ from, to, raw: text });
    return { messageId: "" };
  }
}
platform(ForwardableEmailMessage);
closed(ForwardableEmailMessage);

// An email that came: the object for the handler, and what it wanted done with it.
export function emailOf(from, to, bytes) {
  const fate = { headers: fieldsOf(bytes), rejected: undefined, forwarded: [], replies: [] };
  return [new ForwardableEmailMessage(KEY, from, to, bytes, fate), fate];
}

export class EmailEvent extends ExtendableEvent {
  #message;
  constructor(key, message, wait) {
    super(key, "email", wait);
    this.#message = message;
  }
  get message() {
    return this.#message;
  }
}
platform(EmailEvent);
closed(EmailEvent);
