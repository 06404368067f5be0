// What channels of node:diagnostics_channel refuse, and who hears of what is published.
// flags: nodejs_compat
import channels from "node:diagnostics_channel";
import { AsyncLocalStorage } from "node:async_hooks";

const T = (f) => {
  try {
    return String(f());
  } catch (e) {
    return `throws ${e.name} ${e.code} ${e.message}`;
  }
};
const VALUES = [undefined, null, 0, "x", {}, [], () => 1, new AsyncLocalStorage()];
export default {
  fetch() {
    const o = { tag: Object.prototype.toString.call(channels.channel("tag")), none: [] };
    const fresh = () => channels.channel(`c${Math.random()}`);
    for (const name of ["subscribe", "unsubscribe", "bindStore", "unbindStore", "publish", "runStores"]) {
      o.none.push(T(() => fresh()[name]()));
      o[name] = VALUES.map((value) => T(() => fresh()[name](value)));
    }
    o.runs = VALUES.map((value) => T(() => fresh().runStores(1, value)));
    const channel = fresh(), heard = [];
    channel.subscribe(() => {
      heard.push("first");
      channel.subscribe(() => heard.push("later"));
    });
    channel.publish(1);
    heard.push("-");
    channel.publish(2);
    o.heard = heard.join(" ");
    return Response.json(o);
  },
};
