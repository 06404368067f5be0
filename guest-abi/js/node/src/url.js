// node:url: the legacy parser is unenv's, which is Node's own.
import * as legacy from "unenv/node/url";
import { coded, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, validateObject, validateString } from "internal:node/errors";

export const { URL, URLSearchParams } = globalThis;

// The fields in the order that others see them in.
const EMPTY = { protocol: null, slashes: null, auth: null, host: null, port: null, hostname: null, hash: null, search: null, query: null, pathname: null, path: null, href: null };
export function Url() {
  Object.assign(this, EMPTY);
}
Url.prototype = legacy.Url.prototype;
Object.defineProperty(Url.prototype, "constructor", { value: Url, writable: true, configurable: true });
const ordered = (url) => Object.assign(new Url(), url);

export function resolve(source, relative) {
  return legacy.resolve(source, relative);
}
export function resolveObject(source, relative) {
  return source ? ordered(legacy.resolveObject(source, relative)) : relative;
}

export function parse(url, parseQueryString, slashesDenoteHost) {
  if (url instanceof Url) return url;
  validateString(url, "url");
  return ordered(legacy.parse(url, parseQueryString, slashesDenoteHost));
}

export function format(url, options) {
  if (typeof url === "string") url = parse(url);
  else if (typeof url !== "object" || url === null) throw ERR_INVALID_ARG_TYPE("urlObject", ["Object", "string"], url);
  else if (url instanceof URL) {
    if (options !== undefined) validateObject(options, "options");
    const { fragment = true, unicode = false, search = true, auth = true } = options ?? {};
    let text = url.protocol;
    if (url.host !== "" || url.href.startsWith(`${url.protocol}//`)) {
      text += "//";
      if (auth && (url.username || url.password)) text += `${url.username}${url.password ? `:${url.password}` : ""}@`;
      text += unicode ? url.host.replace(url.hostname, domainToUnicode(url.hostname)) : url.host;
    }
    text += url.pathname;
    if (search) text += url.search;
    if (fragment) text += url.hash;
    return text;
  }
  return Url.prototype.format.call(url);
}

export function domainToASCII(domain) {
  if (arguments.length < 1) throw coded(TypeError, "ERR_MISSING_ARGS", 'The "domain" argument must be specified');
  domain = `${domain}`;
  try {
    return new URL(`ws://${domain}`).hostname;
  } catch {
    return "";
  }
}
export function domainToUnicode(domain) {
  if (arguments.length < 1) throw coded(TypeError, "ERR_MISSING_ARGS", 'The "domain" argument must be specified');
  const ascii = domainToASCII(domain);
  return legacy.domainToUnicode(ascii);
}

export function fileURLToPath(path, options) {
  const windows = options?.windows;
  if (typeof path === "string") path = new URL(path);
  else if (!(path instanceof URL)) throw ERR_INVALID_ARG_TYPE("path", ["string", "URL"], path);
  if (path.protocol !== "file:") throw coded(Error, "ERR_INVALID_URL_SCHEME", "The URL must be of scheme file");
  if (windows) {
    if (/%2f|%5c/i.test(path.pathname)) throw coded(Error, "ERR_INVALID_FILE_URL_PATH", "File URL path must not include encoded \\ or / characters");
    const name = decodeURIComponent(path.pathname.replaceAll("/", "\\"));
    if (path.hostname !== "") return `\\\\${domainToUnicode(path.hostname)}${name}`;
    if (!/^\\[a-z]:/i.test(name)) throw coded(Error, "ERR_INVALID_FILE_URL_PATH", "File URL path must be absolute");
    return name.slice(1);
  }
  if (path.hostname !== "") throw coded(Error, "ERR_INVALID_FILE_URL_HOST", 'File URL host must be "localhost" or empty on linux');
  if (/%2f/i.test(path.pathname)) throw coded(Error, "ERR_INVALID_FILE_URL_PATH", "File URL path must not include encoded / characters");
  return decodeURIComponent(path.pathname);
}

export function pathToFileURL(filepath, options) {
  validateString(filepath, "filepath");
  const { resolve } = globalThis.process.getBuiltinModule("node:path")[options?.windows ? "win32" : "posix"];
  // A share of another machine: its name is the URL's host.
  if (options?.windows && /^\\\\[^?\\]/.test(filepath)) {
    const [host, ...rest] = filepath.slice(2).split("\\");
    if (rest.length === 0) throw ERR_INVALID_ARG_VALUE("path", filepath, "Missing UNC resource path");
    const url = pathToFileURL(`\\${rest.join("\\")}`, options);
    url.hostname = host;
    return url;
  }
  let resolved = resolve(filepath);
  const ends = (path) => path.endsWith("/") || (options?.windows === true && path.endsWith("\\"));
  if (ends(filepath) && !ends(resolved)) resolved += "/";
  const escaped = resolved.replaceAll("%", "%25").replaceAll("\\", options?.windows ? "/" : "%5C").replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll("\t", "%09").replaceAll("?", "%3F").replaceAll("#", "%23").replace(/[[\]|~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return new URL(`file://${escaped.startsWith("/") ? "" : "/"}${escaped}`);
}

export function toPathIfFileURL(url) {
  return url instanceof URL ? fileURLToPath(url) : url;
}

export function urlToHttpOptions(url) {
  const { hostname, pathname, port, username, password, search } = url;
  const options = {
    __proto__: null,
    ...url,
    protocol: url.protocol,
    hostname: hostname && hostname[0] === "[" ? hostname.slice(1, -1) : hostname,
    hash: url.hash,
    search,
    pathname,
    path: `${pathname || ""}${search || ""}`,
    href: url.href,
  };
  if (port !== "") options.port = Number(port);
  if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return options;
}

export default { domainToASCII, domainToUnicode, URL, URLSearchParams, fileURLToPath, pathToFileURL, toPathIfFileURL, urlToHttpOptions, format, parse, resolve, resolveObject, Url };
