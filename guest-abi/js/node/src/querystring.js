// node:querystring: unenv's, which is Node's own.
import { stringify, parse, escape, unescape, unescapeBuffer } from "unenv/node/querystring";
export { stringify, parse, escape, unescape, unescapeBuffer, stringify as encode, parse as decode };
export default { decode: parse, encode: stringify, escape, parse, stringify, unescape, unescapeBuffer };
