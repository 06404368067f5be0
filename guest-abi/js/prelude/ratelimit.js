// Rate limits (spec: SEMANTICS §24).
import native from "internal:native";
import { insideHandler, scope } from "internal:errors";
import { shape } from "internal:shape";
import { binding } from "internal:env";

const OPTIONS = ["key", "limit", "period", "delta"];

// What is counted under, in the field's words where it cannot be.
function keyOf(options) {
  if (typeof options !== "object" || options === null) throw new Error("invalid rate limit options");
  const unknown = Object.keys(options).filter((name) => !OPTIONS.includes(name));
  if (unknown.length > 0) throw new Error(`bad rate limit options: [${unknown.join(",")}]`);
  const { key = "" } = options;
  if (typeof key !== "string") throw new Error(`invalid key: ${String(key)}`);
  return key;
}

let named;

class Ratelimit {
  #name;
  limit(options) {
    try {
      const name = this.#name;
      if (scope.global) insideHandler();
      return native.rateLimit(name, keyOf(options));
    } catch (error) {
      return rejectedWith(error);
    }
  }
  static {
    named = (name) => {
      const limiter = new Ratelimit();
      limiter.#name = name;
      return limiter;
    };
  }
}
shape(Ratelimit);

binding("ratelimit", (name) => named(name));
