// What each module of Node exports: names, kinds, lengths of functions.
// flags: nodejs_compat
const mods = ["assert", "assert/strict", "async_hooks", "buffer", "constants", "diagnostics_channel", "events", "module", "os", "path", "path/posix", "path/win32", "process", "punycode", "querystring", "stream", "stream/consumers", "stream/promises", "stream/web", "string_decoder", "sys", "timers", "timers/promises", "url", "util", "util/types", "zlib", "child_process", "dgram", "inspector", "perf_hooks", "readline", "repl", "sqlite", "tty", "v8", "worker_threads", "nothing"];
export default {
  async fetch() {
    const out = {};
    for (const m of mods) {
      let x;
      try { x = await import("node:" + m); } catch (e) { out[m] = String(e); continue; }
      const d = x.default, o = {};
      for (const k of Object.keys(d).sort()) {
        if (k === "_eventsCount") continue;
        const v = d[k];
        o[k] = typeof v === "function" ? `function ${v.length} ${v.name}` : typeof v === "object" || v === undefined ? String(v === null ? null : typeof v) : `${typeof v} ${String(v)}`;
      }
      out[m] = { type: typeof d, named: Object.keys(x).sort().filter((k) => k !== "default" && !(k in o)), notNamed: Object.keys(o).filter((k) => !(k in x)), o };
    }
    return Response.json(out);
  },
};
