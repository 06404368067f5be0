// What util.inspect does with options that internal:inspect does not know: node-inspect-extracted.
import * as inspection from "node-inspect-extracted";
export const { inspect, formatWithOptions, stripVTControlCharacters } = inspection;
