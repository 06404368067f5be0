// Rate limits (spec: SEMANTICS §24).
import native from "internal:native";
import { insideHandler, scope } from "internal:errors";
import { shape } from "internal:shape";
import { binding } from "internal:env";

let named;

class Ratelimit {
  #name;
  limit(options) {
    try {
      const name = this.#name;
      if (scope.global) insideHandler();
      const key = options?.key;
      if (typeof key !== "string") {
        throw new TypeError("limit() needs an object with a key, a string: limit({ key })");
      }
      return native.rateLimit(name, key);
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
