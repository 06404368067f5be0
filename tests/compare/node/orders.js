// flags: nodejs_compat
// date: 2026-06-01
// What modules of Node export by default, in which order, and what their classes have.
import async_hooks from "node:async_hooks";
import assert from "node:assert";
import buffer from "node:buffer";
import crypto from "node:crypto";
import diagnostics_channel from "node:diagnostics_channel";
import dns from "node:dns";
import domain from "node:domain";
import events from "node:events";
import fs from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import os from "node:os";
import punycode from "node:punycode";
import readline from "node:readline";
import stream from "node:stream";
import consumers from "node:stream/consumers";
import promises from "node:stream/promises";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import tty from "node:tty";
import url from "node:url";
import util from "node:util";
import vm from "node:vm";

const MODULES = {
  async_hooks, assert, buffer, crypto, diagnostics_channel, dns, domain, events, fs, http, http2, https, os, punycode, readline, stream, consumers, promises, timers,
  timersPromises, tty, url, util, vm,
};
const shape = (holder, key) => {
  const { value, get, set, enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(holder, key);
  return [key, typeof value, value?.name, value?.length, typeof get, typeof set, enumerable, writable, configurable].map(String).join(" ");
};
const shapes = (holder) => Object.getOwnPropertyNames(holder).map((key) => shape(holder, key));

export default {
  async fetch() {
    const orders = Object.entries(MODULES).map(([name, module]) => [name, Object.keys(module)]);
    const { AsyncLocalStorage, AsyncResource } = async_hooks;
    const classes = [AsyncLocalStorage, AsyncResource].map((type) => [shapes(type).filter((told) => !told.startsWith("prototype ")), shapes(type.prototype)]);
    const { Readable, Writable, Duplex, Transform, Stream } = stream;
    const statics = [Readable, Writable, Duplex, Transform, Stream].map((type) => Object.getOwnPropertyNames(type));
    const lengths = [Readable, Writable, Duplex].map((type) => [type.fromWeb.length, type.toWeb.length]);
    class Mine extends AsyncResource {}
    const store = new (class extends AsyncLocalStorage {})();
    const inherited = [new Mine("mine").runInAsyncScope((a, b) => a + b, null, 1, 2), store.run(5, () => store.getStore()), String(store)];
    let called;
    try {
      called = String(AsyncLocalStorage());
    } catch (error) {
      called = `${error}`;
    }
    return Response.json({ orders: Object.fromEntries(orders), classes, statics, lengths, inherited, called });
  },
};
