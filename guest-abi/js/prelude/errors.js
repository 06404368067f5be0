// Errors that several APIs throw, in the field's words.

export const GLOBAL_SCOPE =
  "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), setting a timeout, and generating random values are not allowed within global scope. To fix this error, perform this operation within a handler. https://developers.cloudflare.com/workers/runtime-apis/handlers/";

// The state of the whole isolate: whether a handler runs yet.
export const scope = { global: true };

// Refuses what only handlers may do.
export function insideHandler() {
  if (scope.global) throw new Error(GLOBAL_SCOPE);
}

// Whether a compatibility flag is on. While the prelude is evaluated, all are.
export function flag(name) {
  return scope.flags === undefined || scope.flags.has(name);
}
