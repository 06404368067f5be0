// What a tenant finds in its global scope.
import native from "internal:native";
import * as fetching from "internal:fetch";
import * as timing from "internal:timers";
import * as streams from "internal:streams";
import * as blobs from "internal:blob";
import * as urls from "internal:url";
import * as events from "internal:events";
import { console } from "internal:console";

// Adds globals as the platform's are: writable, not enumerable.
export function expose(values) {
  for (const name of Object.keys(values)) {
    Object.defineProperty(globalThis, name, {
      value: values[name],
      writable: true,
      enumerable: false,
      configurable: true,
    });
  }
}

const { Headers, Request, Response } = fetching;
const { setTimeout, setInterval, clearTimeout, clearInterval } = timing;
const { ReadableStream } = streams;
const { Blob, File, FormData } = blobs;
const { URL, URLSearchParams } = urls;
const { AbortController, AbortSignal } = events;

function reportError(error) {
  console.error(error);
}

expose({
  console,
  Headers, Request, Response,
  setTimeout, setInterval, clearTimeout, clearInterval,
  ReadableStream,
  Blob, File, FormData,
  URL, URLSearchParams,
  AbortController, AbortSignal,
  reportError,
  self: globalThis,
});
