// node:querystring: unenv's, which is Node's own.
import { stringify, parse, escape as qsEscape, unescape as qsUnescape, unescapeBuffer } from "unenv/node/querystring";
const { escape, unescape } = { escape(text) { return qsEscape(text); }, unescape(text, decodeSpaces) { return qsUnescape(text, decodeSpaces); } };
export { stringify, parse, escape, unescape, unescapeBuffer, stringify as encode, parse as decode };
export default { decode: parse, encode: stringify, escape, parse, stringify, unescape, unescapeBuffer };
