// JSON.parse, with the words of V8 for what is wrong (src/json.rs).
import native from "internal:native";

const { parse } = JSON;
const { jsonFault, text: toText } = native;

JSON.parse = {
  parse(text, reviver) {
    if (typeof text !== "string") text = toText(text);
    try {
      return parse(text, reviver);
    } catch (error) {
      // What a reviver threw is its own.
      const words = error instanceof SyntaxError ? jsonFault(text) : undefined;
      throw words === undefined ? error : new SyntaxError(words);
    }
  },
}.parse;
