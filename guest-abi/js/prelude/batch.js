// What a `queue` handler is called with (spec: SEMANTICS §16), and what became of it.
import { ExtendableEvent, KEY } from "internal:events";
import { closed, illegalConstructor, platform } from "internal:platform";

// Messages of a batch at most.
const MESSAGES_MAX = 100;

function delayOf(options) {
  const delay = options?.delaySeconds;
  return delay === undefined ? {} : { delaySeconds: Math.trunc(Number(delay)) || 0 };
}

// What handlers say of the messages of one batch.
class Verdict {
  ackAll = false;
  retryBatch = { retry: false };
  retries = new Map();
  acks = new Set();
  // The first word on a message, or on all of them, holds.
  ack(id) {
    if (!this.ackAll && !this.retryBatch.retry && !this.retries.has(id)) this.acks.add(id);
  }
  retry(id, options) {
    if (this.ackAll || this.retryBatch.retry || this.acks.has(id)) return;
    this.retries.set(id, { msgId: id, ...delayOf(options) });
  }
  acknowledge() {
    if (!this.retryBatch.retry) this.ackAll = true;
  }
  retryEach(options) {
    if (!this.ackAll) this.retryBatch = { retry: true, ...delayOf(options) };
  }
  told() {
    return {
      outcome: "ok",
      ackAll: this.ackAll,
      retryBatch: this.retryBatch,
      explicitAcks: [...this.acks],
      retryMessages: [...this.retries.values()],
    };
  }
}

class Message {
  #verdict;
  constructor(key, verdict, message, at) {
    if (key !== KEY) throw illegalConstructor();
    this.#verdict = verdict;
    const own = (name, value) => Object.defineProperty(this, name, { value, writable: false, enumerable: true, configurable: true });
    own("id", `${message.id ?? crypto.randomUUID().replaceAll("-", "")}`);
    own("timestamp", new Date(message.timestamp ?? Date.now()));
    own("body", bodyOf(message, at));
    own("attempts", Number(message.attempts ?? 1));
  }
  retry(options) {
    this.#verdict.retry(this.id, options);
  }
  ack() {
    this.#verdict.ack(this.id);
  }
}
platform(Message, "Message");
closed(Message);

// A body is written as its type says: a value of JSON, a text, or bytes as base64.
function bodyOf({ body, contentType = "json" }, at) {
  switch (contentType) {
    case "json":
      return body;
    case "text":
      return `${body}`;
    case "bytes":
      return Uint8Array.fromBase64(`${body}`);
    default:
      throw new TypeError(`Message ${at} has the content type '${contentType}'; it may have json, text or bytes.`);
  }
}

const parts = (batch) => {
  if (typeof batch !== "object" || batch === null || !isArray(batch.messages)) {
    throw new TypeError("A batch is an object with an array 'messages'.");
  }
  if (batch.messages.length > MESSAGES_MAX) throw new TypeError(`A batch has at most ${MESSAGES_MAX} messages.`);
  const verdict = new Verdict();
  const messages = Object.freeze(batch.messages.map((message, at) => new Message(KEY, verdict, Object(message), at)));
  return [verdict, `${batch.queue ?? "queue"}`, messages, batch.metadata ?? { metrics: { backlogCount: 0, backlogBytes: 0 } }];
};

class MessageBatch {
  #verdict;
  #queue;
  #messages;
  #metadata;
  constructor(key, verdict, queue, messages, metadata) {
    if (key !== KEY) throw illegalConstructor();
    this.#verdict = verdict;
    this.#queue = queue;
    this.#messages = messages;
    this.#metadata = metadata;
  }
  get messages() {
    return this.#messages;
  }
  get queue() {
    return this.#queue;
  }
  get metadata() {
    return this.#metadata;
  }
  retryAll(options) {
    this.#verdict.retryEach(options);
  }
  ackAll() {
    this.#verdict.acknowledge();
  }
}
platform(MessageBatch, "MessageBatch");
closed(MessageBatch);

// A batch as it came, for handlers: the object, and how it was left.
export function batchOf(json) {
  const [verdict, queue, messages, metadata] = parts(json);
  return [new MessageBatch(KEY, verdict, queue, messages, metadata), () => verdict.told()];
}

export class QueueEvent extends ExtendableEvent {
  #batch;
  constructor(key, batch, wait) {
    super(key, "queue", wait);
    this.#batch = batch;
  }
  get messages() {
    return this.#batch.messages;
  }
  get queue() {
    return this.#batch.queue;
  }
  get metadata() {
    return this.#batch.metadata;
  }
  retryAll(options) {
    this.#batch.retryAll(options);
  }
  ackAll() {
    this.#batch.ackAll();
  }
}
platform(QueueEvent);
closed(QueueEvent);
