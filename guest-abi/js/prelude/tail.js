// Tail events: what other Workers' invocations were, as the objects that a tail handler gets
// (spec: SEMANTICS §17). The host tells them as JSON.
import { KEY } from "internal:events";
import { closed, illegalConstructor, platform, readOnly } from "internal:platform";

// What is not told is there all the same, as undefined.
function take(target, told, names) {
  for (const name of names) readOnly(target, name, told[name]);
}

const made = (key) => {
  if (key !== KEY) throw illegalConstructor();
};

class TraceItem {
  constructor(key, told) {
    made(key);
    take(this, told, ["wallTime", "cpuTime", "truncated", "executionModel", "outcome", "durableObjectId", "preview", "tailAttributes"]);
    take(this, told, ["scriptTags", "dispatchNamespace", "scriptVersion", "entrypoint", "scriptName"]);
    readOnly(this, "diagnosticsChannelEvents", told.diagnosticsChannelEvents.map((event) => new TraceDiagnosticChannelEvent(KEY, event)));
    readOnly(this, "exceptions", told.exceptions.map((exception) => new TraceException(KEY, exception)));
    readOnly(this, "logs", told.logs.map((line) => new TraceLog(KEY, line)));
    readOnly(this, "eventTimestamp", told.eventTimestamp);
    readOnly(this, "event", eventOf(told));
    // Ours: there only where a limit had its say.
    if (told.refusal) readOnly(this, "refusal", told.refusal);
  }
}

class TraceDiagnosticChannelEvent {
  constructor(key, told) {
    made(key);
    take(this, told, ["message", "channel", "timestamp"]);
  }
}

class TraceException {
  constructor(key, told) {
    made(key);
    take(this, told, ["stack", "name", "message", "timestamp"]);
  }
}

class TraceLog {
  constructor(key, told) {
    made(key);
    const errors = told.errorInfo?.map((error) => error && { name: error.name, message: error.message, stack: error.stack });
    take(this, { ...told, errorInfo: errors }, ["errorInfo", "message", "level", "timestamp"]);
  }
}

class FetchEventInfo {
  constructor(key, told, raw) {
    made(key);
    readOnly(this, "request", new FetchRequest(KEY, told.request, raw));
    readOnly(this, "response", told.response && new FetchResponse(KEY, told.response));
  }
}

class FetchRequest {
  #told;
  #raw;
  constructor(key, told, raw) {
    made(key);
    take(this, told, ["url", "method", "headers", "cf"]);
    this.#told = told;
    this.#raw = raw;
  }
  getUnredacted() {
    return new FetchRequest(KEY, { ...this.#told, ...this.#raw }, this.#raw);
  }
}

class FetchResponse {
  constructor(key, told) {
    made(key);
    take(this, told, ["status"]);
  }
}

class ScheduledEventInfo {
  constructor(key, told) {
    made(key);
    take(this, told, ["cron", "scheduledTime"]);
  }
}

class TailEventInfo {
  constructor(key, told) {
    made(key);
    readOnly(this, "consumedEvents", told.consumedEvents.map((item) => new TailItem(KEY, item)));
  }
}

class TailItem {
  constructor(key, told) {
    made(key);
    take(this, told, ["scriptName"]);
  }
}

class JsRpcEventInfo {
  constructor(key, told) {
    made(key);
    take(this, told, ["rpcMethod"]);
  }
}

platform(FetchRequest, "Request");
platform(FetchResponse, "Response");
for (const c of [TraceItem, TraceDiagnosticChannelEvent, TraceException, TraceLog]) platform(c);
for (const c of [FetchEventInfo, ScheduledEventInfo, TailEventInfo, TailItem, JsRpcEventInfo]) platform(c);
closed(TraceItem, TraceDiagnosticChannelEvent, TraceException, TraceLog, FetchEventInfo, FetchRequest, FetchResponse, ScheduledEventInfo, TailEventInfo, TailItem, JsRpcEventInfo);

function eventOf({ event, raw }) {
  if (event === null || event === undefined) return null;
  if (event.request !== undefined) return new FetchEventInfo(KEY, event, raw);
  if (event.cron !== undefined) return new ScheduledEventInfo(KEY, event);
  if (event.consumedEvents !== undefined) return new TailEventInfo(KEY, event);
  if (event.rpcMethod !== undefined) return new JsRpcEventInfo(KEY, event);
  return event;
}

export const traceItems = (told) => told.map((item) => new TraceItem(KEY, item));
