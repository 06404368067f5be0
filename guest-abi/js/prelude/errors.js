// Errors that several APIs throw, in the field's words, and DOMException.

import { scalar } from "internal:platform";
import { keepStack } from "internal:stacks";

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

// Names with a code, by their code; the constant is the name in capitals.
const CODES = [
  ["IndexSizeError", "INDEX_SIZE_ERR"],
  ["DOMStringSizeError", "DOMSTRING_SIZE_ERR"],
  ["HierarchyRequestError", "HIERARCHY_REQUEST_ERR"],
  ["WrongDocumentError", "WRONG_DOCUMENT_ERR"],
  ["InvalidCharacterError", "INVALID_CHARACTER_ERR"],
  ["NoDataAllowedError", "NO_DATA_ALLOWED_ERR"],
  ["NoModificationAllowedError", "NO_MODIFICATION_ALLOWED_ERR"],
  ["NotFoundError", "NOT_FOUND_ERR"],
  ["NotSupportedError", "NOT_SUPPORTED_ERR"],
  ["InUseAttributeError", "INUSE_ATTRIBUTE_ERR"],
  ["InvalidStateError", "INVALID_STATE_ERR"],
  ["SyntaxError", "SYNTAX_ERR"],
  ["InvalidModificationError", "INVALID_MODIFICATION_ERR"],
  ["NamespaceError", "NAMESPACE_ERR"],
  ["InvalidAccessError", "INVALID_ACCESS_ERR"],
  ["ValidationError", "VALIDATION_ERR"],
  ["TypeMismatchError", "TYPE_MISMATCH_ERR"],
  ["SecurityError", "SECURITY_ERR"],
  ["NetworkError", "NETWORK_ERR"],
  ["AbortError", "ABORT_ERR"],
  ["URLMismatchError", "URL_MISMATCH_ERR"],
  ["QuotaExceededError", "QUOTA_EXCEEDED_ERR"],
  ["TimeoutError", "TIMEOUT_ERR"],
  ["InvalidNodeTypeError", "INVALID_NODE_TYPE_ERR"],
  ["DataCloneError", "DATA_CLONE_ERR"],
];
const CODE_OF = new Map(CODES.map(([name], at) => [name, at + 1]));
// What the stack of an object without name and message begins with.
const PLAIN = "Error";
const titled = (name, message) => (message === "" ? name : name === "" ? message : `${name}: ${message}`);
const { defineProperty, defineProperties } = Object;
const { captureStackTrace } = Error;

export class DOMException {
  constructor(message = "", name = "Error") {
    message = scalar(message);
    name = scalar(name);
    defineProperties(this, {
      code: { value: CODE_OF.get(name) ?? 0, enumerable: true, configurable: true },
      name: { value: name, enumerable: true, configurable: true },
      message: { value: message, enumerable: true, configurable: true },
    });
    const place = {};
    captureStackTrace(place, new.target);
    const { stack } = place;
    keepStack(this, typeof stack === "string" ? titled(name, message) + stack.slice(PLAIN.length) : stack);
  }
}
Object.setPrototypeOf(DOMException.prototype, Error.prototype);
CODES.forEach(([, constant], at) => {
  for (const holder of [DOMException, DOMException.prototype]) {
    defineProperty(holder, constant, { value: at + 1, enumerable: true, configurable: true });
  }
});

// What is read at the end: from some date on what is not there is a member all the same.
export const finished = () => (flag("enable_fast_jsg_struct") ? { value: undefined, done: true } : { done: true });

export const isDomException = (value) => value instanceof DOMException && Object.hasOwn(value, "code");

export const globals = { DOMException };
