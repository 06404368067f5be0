// What tenants give to the classes of streams, blobs and forms: how it is taken, and the words
// for what cannot be.
export const wrongArgument = (method, name, place, type) =>
  new TypeError(`Failed to execute '${method}' on '${name}': parameter ${place} is not of type '${type}'.`);

export const wrongInit = (name, place, type) =>
  new TypeError(`Failed to construct '${name}': constructor parameter ${place} is not of type '${type}'.`);

export const wrongField = (field, dictionary, type) =>
  new TypeError(`Incorrect type for the '${field}' field on '${dictionary}': the provided value is not of type '${type}'.`);

export const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

// A dictionary of options that may be left out.
export function dictionary(value, name, place, type) {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw wrongInit(name, place, type);
  return value;
}

// A field that is a function or left out.
export function callback(object, field, type) {
  const value = object[field];
  if (value !== undefined && typeof value !== "function") throw wrongField(field, type, "function");
  return value;
}

// A whole number of 32 bits, as the platform takes one.
export function integer(value) {
  if (typeof value === "bigint") throw new TypeError("Cannot convert a BigInt value to a number");
  const number = Math.trunc(+value);
  if (number - number !== 0) return 0;
  if (number > 2147483647 || number < -2147483648) {
    throw new TypeError("Value out of range. Must be between -2147483648 and 2147483647 (inclusive).");
  }
  return number | 0;
}

// A number of bytes or chunks, as the platform takes one.
export function amount(value) {
  if (typeof value === "bigint") {
    if (value < 0n || value >= 1n << 64n) {
      throw new TypeError(
        "The value cannot be converted because it is either negative and this API expects a positive bigint, or the value would be truncated.",
      );
    }
    return Number(value);
  }
  const number = Number(value);
  if (!(number - number === 0)) {
    throw new TypeError("The value cannot be converted because it is not an integer.");
  }
  if (number < 0) {
    throw new TypeError("The value cannot be converted because it is negative and this API expects a positive bigint.");
  }
  return number - (number % 1);
}
