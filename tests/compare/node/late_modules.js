// Modules of Node that came in 2026: node:v8, tty, readline, worker_threads, child_process, perf_hooks.
// flags: nodejs_compat
// date: 2026-04-01
import v8 from "node:v8"; import { Readable } from "node:stream";
import tty from "node:tty";
import rl from "node:readline"; import rlp from "node:readline/promises";
import wt from "node:worker_threads";
import cp from "node:child_process";
import ph from "node:perf_hooks";

const facts = {};
const show = (v, d = 0) => {
  if (v === undefined) return "undefined";
  if (v === null || typeof v === "string" || typeof v === "boolean") return v;
  if (typeof v === "number") return Object.is(v, -0) ? "-0" : Number.isFinite(v) ? v : String(v);
  if (typeof v === "function") return `function ${v.name}/${v.length}`;
  if (typeof v === "symbol" || typeof v === "bigint") return `${typeof v} ${String(v)}`;
  if (v instanceof Error || v instanceof DOMException) return `${v.constructor.name} ${v.name}: ${v.message}`;
  if (d > 6) return "deep";
  if (Array.isArray(v)) return v.map((x) => show(x, d + 1));
  if (ArrayBuffer.isView(v) && v.length !== undefined) return `${v.constructor.name}(${v.length})[${[...v].slice(0, 40).join()}]`;
  if (v instanceof ArrayBuffer) return `ArrayBuffer(${v.byteLength})[${[...new Uint8Array(v)].slice(0, 40).join()}]`;
  if (v instanceof Map || v instanceof Set) return { [v.constructor.name]: [...v].map((x) => show(x, d + 1)) };
  if (v instanceof Headers) return { Headers: [...v].map((x) => x.join(": ")) };
  if (v instanceof Date) return `Date ${+v}`;
  if (v instanceof RegExp) return `RegExp ${v}`;
  const p = Object.getPrototypeOf(v);
  if (p !== Object.prototype && p !== null) return Object.prototype.toString.call(v);
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, show(x, d + 1)]));
};
const fact = async (name, f) => {
  try {
    facts[name] = show(await Promise.race([f(), new Promise((r) => setTimeout(r, 60, "hangs"))]));
  } catch (error) {
    facts[name] = `throws ${show(error)}`;
  }
};

export default {
  async fetch(request, env, ctx) {
    await fact("v8.getHeapStatistics()", async () => (v8.getHeapStatistics()));
    await fact("new v8.GCProfiler().start()", async () => (new v8.GCProfiler().start()));
    await fact("new v8.GCProfiler().stop()", async () => (new v8.GCProfiler().stop()));
    await fact("v8.isStringOneByteRepresentation(\"\u00e9\")", async () => (v8.isStringOneByteRepresentation("é")));
    await fact("v8.isStringOneByteRepresentation(\"\u65e5\")", async () => (v8.isStringOneByteRepresentation("日")));
    await fact("v8.queryObjects(class {})", async () => (v8.queryObjects(class {})));
    await fact("v8.setFlagsFromString(\"--x\")", async () => (v8.setFlagsFromString("--x")));
    await fact("v8.setHeapSnapshotNearHeapLimit(5)", async () => (v8.setHeapSnapshotNearHeapLimit(5)));
    await fact("v8.promiseHooks.onInit(() => 1)", async () => (v8.promiseHooks.onInit(() => 1)));
    await fact("v8.promiseHooks.onInit()", async () => (v8.promiseHooks.onInit()));
    await fact("v8.promiseHooks.createHook({})", async () => (v8.promiseHooks.createHook({})));
    await fact("v8.startupSnapshot.isBuildingSnapshot()", async () => (v8.startupSnapshot.isBuildingSnapshot()));
    await fact("v8.startupSnapshot.addSerializeCallback(() => 1)", async () => (v8.startupSnapshot.addSerializeCallback(() => 1)));
    await fact("v8.startupSnapshot.setDeserializeMainFunction(() => 1)", async () => (v8.startupSnapshot.setDeserializeMainFunction(() => 1)));
    await fact("v8.serialize({ a: 1 })", async () => (v8.serialize({ a: 1 })));
    await fact("v8.Serializer.prototype.writeValue.call({})", async () => (v8.Serializer.prototype.writeValue.call({})));
    await fact("v8.Deserializer.prototype.readHeader.call({})", async () => (v8.Deserializer.prototype.readHeader.call({})));
    await fact("v8.Serializer.prototype._getDataCloneError === Error", async () => (v8.Serializer.prototype._getDataCloneError === Error));
    await fact("Object.entries(Object.getOwnPropertyDescriptors(v8.Serializer.prototype)).map(([k, d]) => [k, typeof d.value, d.value?.length])", async () => (Object.entries(Object.getOwnPropertyDescriptors(v8.Serializer.prototype)).map(([k, d]) => [k, typeof d.value, d.value?.length])));
    await fact("Object.entries(Object.getOwnPropertyDescriptors(v8.Deserializer.prototype)).map(([k, d]) => [k, typeof d.value, d.value?.length])", async () => (Object.entries(Object.getOwnPropertyDescriptors(v8.Deserializer.prototype)).map(([k, d]) => [k, typeof d.value, d.value?.length])));
    await fact("Object.entries(v8.startupSnapshot).map(([k, v]) => [k, v.length])", async () => (Object.entries(v8.startupSnapshot).map(([k, v]) => [k, v.length])));
    await fact("Object.keys(v8)", async () => (Object.keys(v8)));
    await fact("new tty.ReadStream(0)", async () => (new tty.ReadStream(0)));
    await fact("Object.keys(new tty.ReadStream(0))", async () => (Object.keys(new tty.ReadStream(0))));
    await fact("Object.keys(new tty.WriteStream(0))", async () => (Object.keys(new tty.WriteStream(0))));
    await fact("new tty.WriteStream(1).getColorDepth()", async () => (new tty.WriteStream(1).getColorDepth()));
    await fact("new tty.WriteStream(1).getWindowSize()", async () => (new tty.WriteStream(1).getWindowSize()));
    await fact("new tty.WriteStream(1).hasColors()", async () => (new tty.WriteStream(1).hasColors()));
    await fact("new tty.WriteStream(1).clearLine(0)", async () => (new tty.WriteStream(1).clearLine(0)));
    await fact("new tty.WriteStream(1).cursorTo(0)", async () => (new tty.WriteStream(1).cursorTo(0)));
    await fact("new tty.WriteStream(1).moveCursor(0)", async () => (new tty.WriteStream(1).moveCursor(0)));
    await fact("new tty.WriteStream(1).clearScreenDown()", async () => (new tty.WriteStream(1).clearScreenDown()));
    await fact("new tty.WriteStream(1)._refreshSize()", async () => (new tty.WriteStream(1)._refreshSize()));
    await fact("new tty.ReadStream(0).setRawMode(true) instanceof tty.ReadStream", async () => (new tty.ReadStream(0).setRawMode(true) instanceof tty.ReadStream));
    await fact("[tty.WriteStream.prototype.isTTY, new tty.WriteStream(1).isTTY, tty.isatty(1)]", async () => ([tty.WriteStream.prototype.isTTY, new tty.WriteStream(1).isTTY, tty.isatty(1)]));
    await fact("Object.entries(Object.getOwnPropertyDescriptors(tty.WriteStream.prototype)).map(([k, d]) => [k, typeof d.value, d.value?.length, d.enumerable])", async () => (Object.entries(Object.getOwnPropertyDescriptors(tty.WriteStream.prototype)).map(([k, d]) => [k, typeof d.value, d.value?.length, d.enumerable])));
    await fact("rl.createInterface({ input: Readable.from([\"a\\nb\\n\"]) }).getPrompt()", async () => (rl.createInterface({ input: Readable.from(["a\nb\n"]) }).getPrompt()));
    await fact("rl.createInterface({}).question(\"x\")", async () => (rl.createInterface({}).question("x")));
    await fact("rl.createInterface({}).getCursorPos()", async () => (rl.createInterface({}).getCursorPos()));
    await fact("rl.createInterface({}).close()", async () => (rl.createInterface({}).close()));
    await fact("rl.createInterface({}).write(\"x\")", async () => (rl.createInterface({}).write("x")));
    await fact("rl.createInterface({}).prompt()", async () => (rl.createInterface({}).prompt()));
    await fact("rl.createInterface({}).setPrompt(\"x\")", async () => (rl.createInterface({}).setPrompt("x")));
    await fact("rl.createInterface({}).pause() instanceof rl.Interface", async () => (rl.createInterface({}).pause() instanceof rl.Interface));
    await fact("rl.createInterface({}).resume() instanceof rl.Interface", async () => (rl.createInterface({}).resume() instanceof rl.Interface));
    await fact("await Array.fromAsync(rl.createInterface({ input: Readable.from([\"a\\nb\\n\"]) }))", async () => (await Array.fromAsync(rl.createInterface({ input: Readable.from(["a\nb\n"]) }))));
    await fact("rlp.createInterface({}).question(\"x\")", async () => (rlp.createInterface({}).question("x")));
    await fact("await rlp.createInterface({}).question(\"x\")", async () => (await rlp.createInterface({}).question("x")));
    await fact("new rlp.Readline().clearLine()", async () => (new rlp.Readline().clearLine()));
    await fact("new rlp.Readline().commit()", async () => (new rlp.Readline().commit()));
    await fact("new rlp.Readline().rollback()", async () => (new rlp.Readline().rollback()));
    await fact("new rlp.Readline().cursorTo()", async () => (new rlp.Readline().cursorTo()));
    await fact("rl.Interface === rlp.Interface", async () => (rl.Interface === rlp.Interface));
    await fact("[rl.clearLine(), rl.cursorTo(), rl.moveCursor()]", async () => ([rl.clearLine(), rl.cursorTo(), rl.moveCursor()]));
    await fact("wt.setEnvironmentData(\"a\", 1) ?? wt.getEnvironmentData(\"a\")", async () => (wt.setEnvironmentData("a", 1) ?? wt.getEnvironmentData("a")));
    await fact("wt.markAsUntransferable({}) ?? wt.isMarkedAsUntransferable({})", async () => (wt.markAsUntransferable({}) ?? wt.isMarkedAsUntransferable({})));
    await fact("wt.Worker.prototype.postMessage.call({})", async () => (wt.Worker.prototype.postMessage.call({})));
    await fact("wt.Worker.prototype.terminate.call({})", async () => (wt.Worker.prototype.terminate.call({})));
    await fact("wt.Worker.prototype.ref.call({})", async () => (wt.Worker.prototype.ref.call({})));
    await fact("wt.Worker.prototype.cpuUsage.call({})", async () => (wt.Worker.prototype.cpuUsage.call({})));
    await fact("wt.receiveMessageOnPort(new MessageChannel().port1)", async () => (wt.receiveMessageOnPort(new MessageChannel().port1)));
    await fact("wt.MessageChannel === MessageChannel", async () => (wt.MessageChannel === MessageChannel));
    await fact("wt.SHARE_ENV === Symbol.for(\"nodejs.worker_threads.SHARE_ENV\")", async () => (wt.SHARE_ENV === Symbol.for("nodejs.worker_threads.SHARE_ENV")));
    await fact("Object.keys(wt)", async () => (Object.keys(wt)));
    await fact("cp.exec(\"ls\")", async () => (cp.exec("ls")));
    await fact("cp.exec(\"ls\", () => 1)", async () => (cp.exec("ls", () => 1)));
    await fact("cp.execSync(\"ls\")", async () => (cp.execSync("ls")));
    await fact("cp.spawn(\"ls\")", async () => (cp.spawn("ls")));
    await fact("cp.spawnSync(\"ls\")", async () => (cp.spawnSync("ls")));
    await fact("cp.spawnSync(\"ls\", [\"x\"], {})", async () => (cp.spawnSync("ls", ["x"], {})));
    await fact("cp.fork(\"x\")", async () => (cp.fork("x")));
    await fact("cp.execFile(\"x\")", async () => (cp.execFile("x")));
    await fact("cp.ChildProcess.prototype.kill.call({})", async () => (cp.ChildProcess.prototype.kill.call({})));
    await fact("Object.keys(cp)", async () => (Object.keys(cp)));
    await fact("ph.performance === performance", async () => (ph.performance === performance));
    await fact("ph.performance.now() === performance.now()", async () => (ph.performance.now() === performance.now()));
    await fact("performance.mark(\"a\").name", async () => (performance.mark("a").name));
    await fact("performance.mark(\"a\", { detail: { x: 1 }, startTime: 5 }).toJSON()", async () => (performance.mark("a", { detail: { x: 1 }, startTime: 5 }).toJSON()));
    await fact("performance.measure(\"m\", { start: 1, end: 5, detail: 7 }).toJSON()", async () => (performance.measure("m", { start: 1, end: 5, detail: 7 }).toJSON()));
    await fact("performance.measure(\"m2\", \"a\").entryType", async () => (performance.measure("m2", "a").entryType));
    await fact("performance.measure(\"m2\", \"nope\")", async () => (performance.measure("m2", "nope")));
    await fact("performance.eventLoopUtilization()", async () => (performance.eventLoopUtilization()));
    await fact("performance.timerify(() => 5)()", async () => (performance.timerify(() => 5)()));
    await fact("performance.toJSON()", async () => (performance.toJSON()));
    await fact("new PerformanceMark(\"x\", { startTime: -1 })", async () => (new PerformanceMark("x", { startTime: -1 })));
    await fact("new PerformanceObserver(() => 1).observe({ entryTypes: [\"mark\"] })", async () => (new PerformanceObserver(() => 1).observe({ entryTypes: ["mark"] })));
    await fact("new PerformanceObserver(() => 1).takeRecords()", async () => (new PerformanceObserver(() => 1).takeRecords()));
    await fact("new PerformanceObserver(1)", async () => (new PerformanceObserver(1)));
    await fact("PerformanceObserver.supportedEntryTypes", async () => (PerformanceObserver.supportedEntryTypes));
    await fact("Object.keys(ph)", async () => (Object.keys(ph)));
    await fact("ph.constants", async () => (ph.constants));
    await fact("ph.timerify(() => 1)", async () => (ph.timerify(() => 1)));
    await fact("[\"Performance\", \"PerformanceEntry\", \"PerformanceMark\", \"PerformanceMeasure\", \"PerformanceObserver\", \"PerformanceObserverEntryList\", \"PerformanceResourceTiming\"].map((n) => n in globalThis)", async () => (["Performance", "PerformanceEntry", "PerformanceMark", "PerformanceMeasure", "PerformanceObserver", "PerformanceObserverEntryList", "PerformanceResourceTiming"].map((n) => n in globalThis)));
    return Response.json(facts);
  },
};
