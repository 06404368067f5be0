// navigator, Cloudflare and what else tells a tenant where it runs.
import native from "internal:native";
import { closed, illegalConstructor, platform, text, wrongParameter } from "internal:platform";
import { KEY } from "internal:events";
import { scope } from "internal:errors";
import { FLAGS } from "internal:flags";

const { urlHref } = native;
const NOWHERE = "http://nowhere.invalid/";

class Navigator {
  #brand;
  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
  }
  // Sends a body by POST and does not wait for an answer.
  sendBeacon(url, body) {
    this.#brand;
    if (arguments.length === 0) throw wrongParameter("sendBeacon", "Navigator", 1, "string");
    const address = text(url);
    if (scope.global) return false;
    // Where it goes to nobody learns of, but of a body that is none.
    const isPlace = urlHref(address) !== null;
    const request = new Request(isPlace ? address : NOWHERE, { method: "POST", body });
    if (isPlace) fetch(request).catch(() => {});
    return true;
  }
}
platform(Navigator);
closed(Navigator);

class Cloudflare {
  #brand;
  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
  }
}
platform(Cloudflare);

const constant = (object, name, value) =>
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true });

const navigator = new Navigator(KEY);
const cloudflare = new Cloudflare(KEY);

// Made with the engine, so that a Worker has little of it to itself.
const enabled = { __proto__: null };
for (const name of FLAGS) enabled[name] = false;

// Follows the compatibility flags of the Worker that is loaded.
export function configure(date, flags) {
  for (const name of flags) enabled[name] = true;
  enabled.r2_public_beta_bindings = true;
  constant(cloudflare, "compatibilityFlags", Object.freeze(enabled));
  if (flags.has("enable_navigator_language")) {
    constant(navigator, "languages", ["en"]);
    constant(navigator, "language", "en");
  }
  constant(navigator, "platform", "");
  constant(navigator, "hardwareConcurrency", 1);
  constant(navigator, "userAgent", "Cloudflare-Workers");
  if (!flags.has("global_navigator")) delete globalThis.navigator;
}

export const globals = { Navigator };
export const own = { navigator, Cloudflare: cloudflare };
