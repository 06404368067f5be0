// What a tenant finds in its global scope: what each room of the prelude exports as `globals`.
import { globals as fetching } from "internal:fetch";
import { globals as timers } from "internal:timers";
import { globals as streams } from "internal:streams";
import { globals as blob } from "internal:blob";
import { globals as url } from "internal:url";
import { globals as encoding } from "internal:encoding";
import { globals as events } from "internal:events";
import { globals as console } from "internal:console";

// Globals are as the platform's: writable, not enumerable.
for (const values of [fetching, timers, streams, blob, url, encoding, events, console, { self: globalThis }]) {
  for (const name of Object.keys(values)) {
    Object.defineProperty(globalThis, name, {
      value: values[name],
      writable: true,
      enumerable: false,
      configurable: true,
    });
  }
}
