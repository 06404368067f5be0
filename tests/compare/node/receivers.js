// What classes of Node's modules say when they are called without new, or their members on something else.
// flags: nodejs_compat
// date: 2026-04-01
import zlib from "node:zlib"; import fs from "node:fs"; import net from "node:net"; import crypto from "node:crypto"; import http from "node:http"; import events from "node:events"; import hooks from "node:async_hooks"; import dc from "node:diagnostics_channel"; import util from "node:util"; import assert from "node:assert"; import cluster from "node:cluster"; import vm from "node:vm"; import perf from "node:perf_hooks"; import stream from "node:stream"; import readline from "node:readline"; import string from "node:string_decoder";
const modules = { zlib, fs, net, crypto, http, events, hooks, dc, util, assert, cluster, vm, perf, stream, readline, string };
export default { async fetch() { const out = {};
  const NAMES = { zlib: "BrotliCompress BrotliDecompress Deflate DeflateRaw Gunzip Gzip Inflate InflateRaw Unzip ZstdCompress ZstdDecompress", fs: "Dir Dirent Stats", net: "BlockList BoundSocket SocketAddress", crypto: "KeyObject PrivateKeyObject PublicKeyObject SecretKeyObject X509Certificate", http: "Agent IncomingMessage", events: "EventEmitterAsyncResource", dc: "Channel", util: "MIMEParams MIMEType", assert: "AssertionError", cluster: "Worker", vm: "Script", hooks: "AsyncLocalStorage AsyncResource" };
  for (const [module, names] of Object.entries(NAMES)) for (const name of names.split(" ")) {
    try { modules[module][name](); out[`${module}.${name}`] = "called"; } catch (e) { out[`${module}.${name}`] = `${e.name} ${e.code} ${e.message}`; }
  }
  return Response.json(out); } };
