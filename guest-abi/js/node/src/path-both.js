// Both kinds of node:path, as methods that know each other.
import * as posixPath from "path-unified/posix";
import * as win32Path from "path-unified/win32";
import { validateObject, validateString } from "internal:node/errors";

function matcher(sep) {
  // Enough of a glob: `**`, `*`, `?`, `[...]`, `{a,b}`.
  const source = (pattern) => {
    let text = "";
    for (let at = 0; at < pattern.length; at++) {
      const char = pattern[at];
      if (char === "*") {
        if (pattern[at + 1] === "*") {
          at++;
          if (pattern[at + 1] === "/") {
            at++;
            text += "(?:[^/]*/)*";
          } else text += ".*";
        } else text += "[^/]*";
      } else if (char === "?") text += "[^/]";
      else if (char === "[") {
        const end = pattern.indexOf("]", at + 1);
        if (end === -1) text += "\\[";
        else {
          text += `[${pattern.slice(at + 1, end).replace(/^!/, "^").replace(/\\/g, "\\\\")}]`;
          at = end;
        }
      } else if (char === "{") {
        const end = pattern.indexOf("}", at);
        if (end === -1) text += "\\{";
        else {
          text += `(?:${pattern.slice(at + 1, end).split(",").map(source).join("|")})`;
          at = end;
        }
      } else text += char.replace(/[.+^$()|\\]/g, "\\$&");
    }
    return text;
  };
  return function matchesGlob(path, pattern) {
    validateString(path, "path");
    validateString(pattern, "pattern");
    if (sep === "\\") {
      path = path.replaceAll("\\", "/");
      pattern = pattern.replaceAll("\\", "/");
    }
    return new RegExp(`^${source(pattern)}$`).test(path);
  };
}

// path-unified's checks throw errors of other words.
function checked(from, sep, delimiter) {
  const { normalize, isAbsolute, join, relative, toNamespacedPath, dirname, basename, extname, format, parse, resolve } = from;
  const path = {
    resolve(...args) {
      args.forEach((arg, at) => validateString(arg, `paths[${at}]`));
      return resolve(...args);
    },
    normalize(path) {
      validateString(path, "path");
      return normalize(path);
    },
    isAbsolute(path) {
      validateString(path, "path");
      return isAbsolute(path);
    },
    join(...args) {
      for (const arg of args) validateString(arg, "path");
      return join(...args);
    },
    relative(from, to) {
      validateString(from, "from");
      validateString(to, "to");
      return relative(from, to);
    },
    toNamespacedPath(path) {
      const namespaced = toNamespacedPath(path);
      if (sep !== "\\" || namespaced !== path || typeof path !== "string" || path === "") return namespaced;
      const resolved = resolve(path);
      return resolved.length <= 2 ? path : resolved;
    },
    dirname(path) {
      validateString(path, "path");
      return dirname(path);
    },
    basename(path, suffix) {
      if (suffix !== undefined) validateString(suffix, sep === "/" ? "ext" : "suffix");
      validateString(path, "path");
      return basename(path, suffix);
    },
    extname(path) {
      validateString(path, "path");
      return extname(path);
    },
    format: null,
    parse(path) {
      validateString(path, "path");
      return parse(path);
    },
    matchesGlob: matcher(sep),
    sep,
    delimiter,
  };
  function _format(pathObject) {
    validateObject(pathObject, "pathObject");
    return format(pathObject);
  }
  path.format = sep === "/" ? _format.bind(null) : { format(pathObject) { return _format(pathObject); } }.format;
  return path;
}

export const posix = checked(posixPath, "/", ":");
export const win32 = checked(win32Path, "\\", ";");
posix.win32 = win32.win32 = win32;
posix.posix = win32.posix = posix;
