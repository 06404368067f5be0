// JSON.parse, with the words of V8 for what is wrong (src/json.rs).
import native from "internal:native";

const { parse, rawJSON } = JSON;
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

JSON.rawJSON = {
  rawJSON(value) {
    const text = toText(value);
    try {
      return rawJSON(text);
    } catch (error) {
      // An empty text and one that is no primitive are refused before they are read.
      const words = text === "" ? undefined : jsonFault(text);
      if (words !== undefined && !words.startsWith("Unexpected non-whitespace")) throw new SyntaxError(words);
      throw error.message.startsWith("unexpected") ? new SyntaxError("Invalid value for JSON.rawJSON") : error;
    }
  },
}.rawJSON;
