// node:path: path-unified's, which is Node's own.
import { posix as unifiedPosix, win32 as unifiedWin32 } from "./path-both.js";

export const posix = unifiedPosix, win32 = unifiedWin32;
export const { basename, delimiter, dirname, extname, format, isAbsolute, join, matchesGlob, normalize, parse, relative, resolve, sep, toNamespacedPath } = posix;
export default posix;
