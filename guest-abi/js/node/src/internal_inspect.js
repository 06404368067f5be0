// What util.inspect does with options that internal:inspect does not know: node-inspect-extracted.
import { forget } from "./weak.js";
import * as inspection from "node-inspect-extracted";

forget();
export const { inspect, formatWithOptions, stripVTControlCharacters } = inspection;
