// Tail events: what other Workers' invocations were, as the objects that a tail handler gets
// (spec: SEMANTICS §17). The host tells them as JSON.
import { platform } from "internal:platform";

// What is not told is there all the same, as undefined.
function take(target, told, names) {
  for (const name of names) target[name] = told[name];
}

class TraceItem {
  constructor(told) {
    take(this, told, ["wallTime", "cpuTime", "truncated", "executionModel", "outcome", "durableObjectId", "preview", "tailAttributes"]);
    take(this, told, ["scriptTags", "dispatchNamespace", "scriptVersion", "entrypoint", "scriptName"]);
    this.diagnosticsChannelEvents = told.diagnosticsChannelEvents.map((event) => new TraceDiagnosticChannelEvent(event));
    this.exceptions = told.exceptions.map((exception) => new TraceException(exception));
    this.logs = told.logs.map((line) => new TraceLog(line));
    this.eventTimestamp = told.eventTimestamp;
    this.event = eventOf(told);
    // Ours: there only where a limit had its say.
    if (told.refusal) this.refusal = told.refusal;
  }
}

class TraceDiagnosticChannelEvent {
  constructor(told) {
    take(this, told, ["message", "channel", "timestamp"]);
  }
}

class TraceException {
  constructor(told) {
    take(this, told, ["stack", "name", "message", "timestamp"]);
  }
}

class TraceLog {
  constructor(told) {
    const errors = told.errorInfo?.map((error) => error && { name: error.name, message: error.message, stack: error.stack });
    take(this, { ...told, errorInfo: errors }, ["errorInfo", "message", "level", "timestamp"]);
  }
}

class FetchEventInfo {
  constructor(told, raw) {
    this.request = new FetchRequest(told.request, raw);
    this.response = told.response && new FetchResponse(told.response);
  }
}

class FetchRequest {
  #told;
  #raw;
  constructor(told, raw) {
    take(this, told, ["url", "method", "headers", "cf"]);
    this.#told = told;
    this.#raw = raw;
  }
  getUnredacted() {
    return new FetchRequest({ ...this.#told, ...this.#raw }, this.#raw);
  }
}

class FetchResponse {
  constructor(told) {
    this.status = told.status;
  }
}

class ScheduledEventInfo {
  constructor(told) {
    take(this, told, ["scheduledTime", "cron"]);
  }
}

class TailEventInfo {
  constructor(told) {
    this.consumedEvents = told.consumedEvents.map((item) => new TailItem(item));
  }
}

class TailItem {
  constructor(told) {
    this.scriptName = told.scriptName;
  }
}

class JsRpcEventInfo {
  constructor(told) {
    this.rpcMethod = told.rpcMethod;
  }
}

platform(FetchRequest, "Request");
platform(FetchResponse, "Response");
for (const c of [TraceItem, TraceDiagnosticChannelEvent, TraceException, TraceLog]) platform(c);
for (const c of [FetchEventInfo, ScheduledEventInfo, TailEventInfo, TailItem, JsRpcEventInfo]) platform(c);

function eventOf({ event, raw }) {
  if (event === null || event === undefined) return null;
  if (event.request !== undefined) return new FetchEventInfo(event, raw);
  if (event.cron !== undefined) return new ScheduledEventInfo(event);
  if (event.consumedEvents !== undefined) return new TailEventInfo(event);
  if (event.rpcMethod !== undefined) return new JsRpcEventInfo(event);
  return event;
}

export const traceItems = (told) => told.map((item) => new TraceItem(item));
