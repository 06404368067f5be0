// Sessions: what two Workers say to each other over a line (docs/rpc.md). Both sides are alike, but
// for who opened it: that side calls what the other is entered by, and closes it when nothing of it
// is needed any more. What comes is another Worker's, and hostile: what is wrong breaks the session.
import native from "internal:native";
import { TextDecoder } from "internal:encoding";
import { Decoder, Encoder, VALUE_MAX, decodeThrown, encodeThrown } from "internal:rpc/values";
import { disposable, disposeOf, failed, reach, useLocal } from "internal:rpc/stubs";
import { perform } from "internal:rpc/targets";
import { flag } from "internal:errors";
import { currentFlight } from "internal:flights";
import { logUncaught } from "internal:console";

const { parse, stringify } = JSON;
const { joinBytes, log, utf8 } = native;
// Not a line, but what the session was begun for.
const LOG_METHOD = 0x101;
// Of one side: what it has given away, calls that it works on, what it was given.
const HELD_MAX = 4096;
const LOST = "Network connection lost.";
const utf8Decoder = new TextDecoder();
const ignore = () => {};
// Tables are by texts: the engine's hash of whole numbers has few values.
const keyOf = (id) => `${id}`;

// Refers to something of the other side's, which is kept for as long as one does.
class Reference {
  #session;
  #id;
  // What all that refer to it share: how many they are.
  #shared;
  #isThere = true;
  constructor(session, id, shared) {
    this.#session = session;
    this.#id = id;
    this.#shared = shared;
    shared.count++;
  }
  call(path, args) {
    return this.#session.ask(0, this.#id, path, args);
  }
  dup() {
    return new Reference(this.#session, this.#id, this.#shared);
  }
  drop() {
    if (!this.#isThere) return;
    this.#isThere = false;
    this.#session.streams.delete(this);
    if (--this.#shared.count === 0) this.#session.drop(this.#id);
  }
}

// A call of the other side that is not answered.
class Question {
  #session;
  #id;
  #isOver = false;
  constructor(session, id) {
    this.#session = session;
    this.#id = id;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    const over = () => (this.#isOver = true);
    this.promise.then(over, over);
  }
  pipe(path, args) {
    if (!this.#isOver) return this.#session.ask(1, this.#id, path, args);
    const promise = this.promise.then((value) => reach(value, path, args));
    promise.catch(ignore);
    return { promise, pipe: Question.prototype.pipe };
  }
}

export class Session {
  #line;
  #isOpener;
  // Whether its run is there for nothing else.
  #serves;
  // Whether what it was begun for is told.
  #isTold = false;
  #over = null;
  #exports = new Map();
  #imports = new Set();
  #questions = new Map();
  #answers = new Map();
  #dropped = [];
  // What is done when a signal of the other side's is aborted.
  #signals = new Map();
  // Streams of the other side's that are not at their end.
  streams = new Set();
  // Exports for which the session need not stay.
  #quiet = 0;
  #nextExport = 1;
  #nextQuestion = 0;
  #ended = ignore;
  #flight;

  // `main` is what the other side is let in by; the opener has none.
  constructor(line, main, flight) {
    this.#line = line;
    line.session = this;
    this.#isOpener = main === null;
    this.#serves = main !== null && main.isWrapped !== true;
    if (main !== null) this.#exports.set(keyOf(0), main);
    this.#flight = flight;
    flight?.join(this);
  }

  // Calls `ended` when it is over.
  whenEnded(ended) {
    this.#ended = ended;
  }

  // Calls what the other side knows by a number (`kind` 0), or the result of a call (1).
  ask(kind, id, path, args) {
    if (this.#over !== null) return failed(new Error(this.#over));
    const encoder = new Encoder(this);
    let message;
    const number = this.#nextQuestion;
    try {
      const item = args === null ? null : args.map((value) => encoder.encode(value));
      message = this.#message(["c", number, kind, id, path, item], encoder);
    } catch (error) {
      encoder.abandon();
      return failed(error);
    }
    this.#nextQuestion++;
    const question = new Question(this, number);
    question.promise.catch(ignore);
    this.#questions.set(keyOf(number), question);
    this.#line.send(message);
    if (!flag("rpc_params_dup_stubs")) for (const handle of encoder.given) handle.dispose();
    return question;
  }

  // What an encoder asks for.
  export(target) {
    if (this.#exports.size > HELD_MAX) {
      throw new RangeError(`A session of RPC may have ${HELD_MAX} stubs in each direction; dispose of some before sending more.`);
    }
    const id = this.#nextExport++;
    this.#exports.set(keyOf(id), target);
    if (target.isQuiet) this.#quiet++;
    return id;
  }

  // A signal that was exported is aborted.
  aborted(id, reason) {
    if (this.#over !== null) return;
    const encoder = new Encoder(null);
    this.#line.send(this.#message(["a", id, encoder.encode(reason)], encoder));
  }

  // Calls `step` when a signal that was imported is aborted.
  whenAborted(id, step) {
    this.#signals.set(keyOf(id), step);
  }

  // What a decoder asks for.
  import(id) {
    if (!Number.isInteger(id) || id < 0 || this.#imports.has(keyOf(id))) throw new Error("a stub of a wrong number");
    if (this.#imports.size > HELD_MAX) throw new Error("too many stubs");
    this.#imports.add(keyOf(id));
    return new Reference(this, id, { count: 0 });
  }

  // Nothing refers to this any more.
  drop(id) {
    if (this.#over !== null || !this.#imports.delete(keyOf(id))) return;
    this.#signals.delete(keyOf(id));
    this.#dropped.push(id);
    if (this.#dropped.length > 1) return;
    // Many often end at once.
    resolvedWith(undefined).then(() => {
      if (this.#over !== null) return;
      const dropped = this.#dropped;
      this.#dropped = [];
      // Over there it ends with the session, but for a target of this isolate's own, which is told.
      if (!this.isIdle() || this.#line instanceof LocalLine) this.#send(["d", ...dropped]);
      this.#rest();
    });
  }

  // Nobody over there refers to it any more.
  released(id) {
    const key = keyOf(id);
    const target = this.#exports.get(key);
    if (!this.#exports.delete(key)) return;
    if (target.isQuiet) this.#quiet--;
    if (target.forward !== undefined) target.forward.drop?.();
    else if (target.value !== undefined) disposeOf(target.value);
    this.#cease();
  }

  #message(message, encoder) {
    const text = stringify(message);
    const { blobs } = encoder;
    const bytes = blobs.reduce((sum, blob) => sum + blob.byteLength, text.length);
    if (bytes > VALUE_MAX) {
      throw new Error(`Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: ${bytes} bytes.`);
    }
    if (blobs.length === 0) return text;
    const head = utf8(text);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, head.byteLength, true);
    return joinBytes([length, head, ...blobs]);
  }

  #send(message) {
    this.#line.send(stringify(message));
  }

  // A message came: a string, or an ArrayBuffer.
  receive(data) {
    if (this.#over !== null) return;
    try {
      let bytes = null;
      let at = 0;
      if (typeof data !== "string") {
        bytes = new Uint8Array(data);
        at = 4 + new DataView(data).getUint32(0, true);
        data = utf8Decoder.decode(bytes.subarray(4, at));
      }
      const message = parse(data);
      switch (message[0]) {
        case "c":
          this.#called(message, bytes, at);
          break;
        case "r":
        case "e":
          this.#answered(message, bytes, at);
          break;
        case "f":
          this.#finished(message[1]);
          break;
        case "a":
          this.#aborted(message, bytes, at);
          break;
        case "d":
          for (let at = 1; at < message.length; at++) this.released(message[at]);
          break;
        default:
          throw new Error("a message of no kind that there is");
      }
    } catch (error) {
      this.#line.close();
      this.lost(`A session of RPC was broken by what the other Worker sent: ${error?.message}`);
      return;
    }
    this.#rest();
  }

  #called([, number, kind, id, path, items], bytes, at) {
    if (!Number.isInteger(number) || this.#answers.has(keyOf(number)) || !isArray(path) || path.some((name) => typeof name !== "string")) {
      throw new Error("a call that is none");
    }
    if (this.#answers.size > HELD_MAX) throw new Error("too many calls");
    if (this.#serves && !this.#isTold) {
      this.#isTold = true;
      log(LOG_METHOD, path.join("."));
    }
    const decoder = new Decoder(this, bytes, at);
    const args = items === null ? null : items.map((item) => decoder.decode(item));
    const answer = { given: [] };
    this.#answers.set(keyOf(number), answer);
    answer.promise = this.#perform(kind, id, path, args);
    answer.promise.then(
      (value) => this.#reply(number, answer, value),
      (error) => this.#over === null && this.#send(["e", number, encodeThrown(error)]),
    ).then(() => decoder.stubs.forEach((stub) => stub[Symbol.dispose]()));
  }

  async #perform(kind, id, path, args) {
    if (kind === 1) {
      const answer = this.#answers.get(keyOf(id));
      if (answer === undefined) throw new Error("The result of an RPC call is not there any more.");
      return perform({ value: await answer.promise, isResult: true }, path, args);
    }
    const target = this.#exports.get(keyOf(id));
    if (target === undefined) throw new Error("RPC stub points to an object that is not there any more.");
    return perform(target, path, args);
  }

  #reply(number, answer, value) {
    if (this.#over !== null) return;
    const encoder = new Encoder(this);
    let message;
    try {
      message = this.#message(["r", number, encoder.encode(value)], encoder);
      answer.given = encoder.given;
    } catch (error) {
      encoder.abandon();
      return this.#send(["e", number, encodeThrown(error)]);
    }
    this.#line.send(message);
  }

  #answered([kind, number, item], bytes, at) {
    const question = this.#questions.get(keyOf(number));
    if (question === undefined) throw new Error("an answer to nothing");
    this.#questions.delete(keyOf(number));
    if (kind === "e") {
      question.reject(decodeThrown(item));
    } else {
      const decoder = new Decoder(this, bytes, at);
      const value = decoder.decode(item);
      disposable(value, decoder.stubs);
      question.resolve(value);
    }
    if (!this.isIdle()) this.#send(["f", number]);
  }

  #aborted([, id, item], bytes, at) {
    const reason = new Decoder(null, bytes, at).decode(item);
    const step = this.#signals.get(keyOf(id));
    try {
      step?.(reason);
    } catch (error) {
      logUncaught(error);
    }
  }

  #finished(number) {
    const answer = this.#answers.get(keyOf(number));
    this.#answers.delete(keyOf(number));
    for (const handle of answer?.given ?? []) handle.dispose();
    this.#cease();
  }

  // When nothing can be asked of the side that was called any more, and nothing there is waited for,
  // its run is over but for the stubs that it keeps. Streams that it has not read to their end are given up.
  #cease() {
    const isDone = this.#serves && this.#answers.size === 0 && this.#questions.size === 0;
    if (isDone && this.#exports.size - this.#quiet <= 1 && (this.#flight?.waits ?? 0) <= 1) {
      for (const ref of [...this.streams]) ref.drop();
    }
  }

  // Whether nothing of it is needed.
  isIdle() {
    return this.#isOpener && this.#questions.size === 0 && this.#imports.size === 0 && this.#exports.size === this.#quiet;
  }

  // Who opened it closes it.
  #rest() {
    if (this.#over !== null || !this.isIdle()) return;
    this.#line.close();
    this.lost(LOST);
  }

  // It is over, and nothing more comes.
  lost(why = LOST) {
    if (this.#over !== null) return;
    this.#over = typeof why === "string" ? why : `${why.message}`;
    this.#flight?.leave(this);
    const error = typeof why === "string" ? new Error(why) : why;
    for (const question of this.#questions.values()) question.reject(error);
    this.#questions.clear();
    this.#imports.clear();
    this.#signals.clear();
    for (const answer of this.#answers.values()) for (const handle of answer.given) handle.dispose();
    this.#answers.clear();
    this.#exports.delete(keyOf(0));
    for (const id of [...this.#exports.keys()]) this.released(id);
    this.#ended();
  }

  // The end of the run that it belongs to.
  end() {
    this.#line.close();
    this.lost();
  }
}

// One end of a line between two sessions of this isolate.
class LocalLine {
  peer = null;
  send(data) {
    const { peer } = this;
    const message = typeof data === "string" ? data : data.buffer;
    resolvedWith(undefined).then(() => peer.session.receive(message));
  }
  close() {
    const { peer } = this;
    resolvedWith(undefined).then(() => peer.session.lost());
  }
}

// What is reached through it is treated as if it were another Worker's.
useLocal((target) => {
  const here = new LocalLine();
  const there = new LocalLine();
  here.peer = there;
  there.peer = here;
  const flight = currentFlight();
  const session = new Session(here, null, flight);
  new Session(there, { value: target, isWrapped: true }, flight);
  return session.import(0);
});
