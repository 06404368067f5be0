// What the other modules of Node export: names, kinds, lengths of functions; which there are none of.
// flags: nodejs_compat
const mods=["_http_agent","_http_client","_http_common","_http_incoming","_http_outgoing","_http_server","_stream_passthrough","_stream_transform","_stream_wrap","_tls_common","_tls_wrap","child_process","cluster","crypto","dgram","dns","dns/promises","domain","fs","fs/promises","http","http2","https","inspector","inspector/promises","net","perf_hooks","readline","readline/promises","repl","sea","sqlite","test","test/reporters","tls","trace_events","tty","v8","vm","wasi","worker_threads"];
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
        o[k] = typeof v === "function" ? `function ${v.length} ${v.name}` : typeof v === "object" || v === undefined ? (v === null ? "null" : v === undefined ? "undefined" : Object.prototype.toString.call(v)) : `${typeof v} ${String(v).slice(0, 200)}`;
      }
      out[m] = { type: typeof d, named: Object.keys(x).sort().filter((k) => k !== "default" && !(k in o)), notNamed: Object.keys(o).filter((k) => !(k in x)), o };
    }
    return Response.json(out);
  },
};
