// What a `queue` handler is called with (spec: SEMANTICS §16), and what became of it.
import { integer } from "internal:arguments";
import { ExtendableEvent, KEY } from "internal:events";
import { closed, illegalConstructor, platform, readOnly, wrongParameter } from "internal:platform";

// Messages of a batch at most.
const MESSAGES_MAX = 100;

function delayOf(method, owner, options) {
  if (options === undefined || options === null) return {};
  if (typeof options !== "object" && typeof options !== "function") throw wrongParameter(method, owner, 1, "QueueRetryOptions");
  const delay = options.delaySeconds;
  return delay === undefined ? {} : { delaySeconds: integer(delay) };
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
  retry(id, delay) {
    if (this.ackAll || this.retryBatch.retry || this.acks.has(id)) return;
    this.retries.set(id, { msgId: id, ...delay });
  }
  acknowledge() {
    if (!this.retryBatch.retry) this.ackAll = true;
  }
  retryEach(delay) {
    if (!this.ackAll) this.retryBatch = { retry: true, ...delay };
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

class QueueMessage {
  #verdict;
  constructor(key, verdict, message, at) {
    if (key !== KEY) throw illegalConstructor();
    this.#verdict = verdict;
    readOnly(this, "attempts", Number(message.attempts ?? 1));
    readOnly(this, "body", bodyOf(message, at));
    readOnly(this, "timestamp", new Date(message.timestamp ?? Date.now()));
    readOnly(this, "id", `${message.id ?? crypto.randomUUID().replaceAll("-", "")}`);
  }
  retry(options) {
    const verdict = this.#verdict;
    verdict.retry(this.id, delayOf("retry", "QueueMessage", options));
  }
  ack() {
    this.#verdict.ack(this.id);
  }
}
platform(QueueMessage);
closed(QueueMessage);

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

// What is known of a queue that is none.
function metadataOf(metadata) {
  const { backlogCount = 0, backlogBytes = 0, oldestMessageTimestamp } = Object(metadata?.metrics);
  const oldest = oldestMessageTimestamp === undefined ? undefined : new Date(oldestMessageTimestamp);
  return { metrics: { backlogCount, backlogBytes, oldestMessageTimestamp: oldest } };
}

const partsOf = (batch) => {
  if (typeof batch !== "object" || batch === null || !isArray(batch.messages)) {
    throw new TypeError("A batch is an object with an array 'messages'.");
  }
  if (batch.messages.length > MESSAGES_MAX) throw new TypeError(`A batch has at most ${MESSAGES_MAX} messages.`);
  const verdict = new Verdict();
  const messages = batch.messages.map((message, at) => new QueueMessage(KEY, verdict, Object(message), at));
  return [verdict, metadataOf(batch.metadata), `${batch.queue ?? "queue"}`, messages];
};

function take(batch, [, metadata, queue, messages]) {
  readOnly(batch, "metadata", metadata);
  readOnly(batch, "queue", queue);
  readOnly(batch, "messages", messages);
}

class QueueController {
  #verdict;
  constructor(key, parts) {
    if (key !== KEY) throw illegalConstructor();
    this.#verdict = parts[0];
    take(this, parts);
  }
  retryAll(options) {
    const verdict = this.#verdict;
    verdict.retryEach(delayOf("retryAll", "QueueController", options));
  }
  ackAll() {
    this.#verdict.acknowledge();
  }
}
platform(QueueController);
closed(QueueController);

// A batch as it came: the object for a handler, the event for listeners, and how it was left.
export function batchOf(json) {
  const parts = partsOf(json);
  return {
    controller: () => new QueueController(KEY, parts),
    event: (wait) => new QueueEvent(KEY, parts, wait),
    verdict: () => parts[0].told(),
  };
}

class QueueEvent extends ExtendableEvent {
  #verdict;
  constructor(key, parts, wait) {
    super(key, "queue", wait);
    this.#verdict = parts[0];
    take(this, parts);
    readOnly(this, "actorState", undefined);
  }
  retryAll(options) {
    const verdict = this.#verdict;
    verdict.retryEach(delayOf("retryAll", "QueueEvent", options));
  }
  ackAll() {
    this.#verdict.acknowledge();
  }
}
platform(QueueEvent);
closed(QueueEvent);
