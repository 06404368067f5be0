// Patterns of paths: braces, `*`, `?`, classes, `**` and groups such as `+(a|b)`. Part of node:fs.

const ALTERNATIVES_MAX = 1024;

// Parts of a text between separators that stand in no bracket.
function parted(text, separator) {
  const parts = [];
  let depth = 0, part = "";
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "\\" && at + 1 < text.length) {
      part += char + text[++at];
      continue;
    }
    if (char === "{" || char === "(") depth++;
    else if (char === "}" || char === ")") depth--;
    if (char === separator && depth === 0) {
      parts.push(part);
      part = "";
    } else part += char;
  }
  return [...parts, part];
}

// Where the bracket that is opened at a place is closed.
function closing(text, from, open, close) {
  for (let at = from, depth = 0; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === open) depth++;
    else if (text[at] === close && --depth === 0) return at;
  }
  return -1;
}

function alternatives(pattern) {
  let open = -1;
  for (let at = 0; at < pattern.length && open === -1; at++) {
    if (pattern[at] === "\\") at++;
    else if (pattern[at] === "{") open = at;
  }
  const end = open === -1 ? -1 : closing(pattern, open, "{", "}");
  if (end === -1) return [pattern];
  const choices = parted(pattern.slice(open + 1, end), ",");
  if (choices.length === 1) return [pattern];
  const all = choices.flatMap((choice) => alternatives(pattern.slice(0, open) + choice + pattern.slice(end + 1)));
  if (all.length > ALTERNATIVES_MAX) throw new RangeError(`A pattern of node:fs has ${all.length} alternatives; the limit is ${ALTERNATIVES_MAX}. Use fewer braces.`);
  return all;
}

const escaped = (char) => (/[.+*?^$|()[\]{}\\/]/.test(char) ? `\\${char}` : char);
const GROUPS = { "@": "", "*": "*", "+": "+", "?": "?" };

function expression(segment) {
  let source = "";
  for (let at = 0; at < segment.length; at++) {
    const char = segment[at];
    if (char === "\\" && at + 1 < segment.length) {
      source += escaped(segment[++at]);
      continue;
    }
    if ("@*+?!".includes(char) && segment[at + 1] === "(") {
      const end = closing(segment, at + 1, "(", ")");
      if (end !== -1) {
        const group = parted(segment.slice(at + 2, end), "|").map(expression).join("|");
        source += char === "!" ? `(?!(?:${group})$)[^/]*` : `(?:${group})${GROUPS[char]}`;
        at = end;
        continue;
      }
    }
    const end = char === "[" ? segment.indexOf("]", at + 2) : -1;
    if (end !== -1) {
      const set = segment.slice(at + 1, end).replace(/^!/, "^").replaceAll("\\", "\\\\").replaceAll("[", "\\[");
      source += `[${set}]`;
      at = end;
    } else source += char === "*" ? "[^/]*" : char === "?" ? "[^/]" : escaped(char);
  }
  return source;
}

const tidy = (pattern) => pattern.replace(/^\.\//, "").split("/").filter((segment) => segment !== "");
const whole = (source) => new RegExp(`^${source}$`);

// Whether a path fits one of several patterns.
export function matcher(patterns) {
  const all = patterns.flatMap(alternatives).map((pattern) => {
    const parts = [];
    for (const segment of tidy(pattern)) {
      if (segment === "..") parts.pop();
      else if (segment !== ".") parts.push(segment);
    }
    if (parts.length === 1 && parts[0] === "**") return /^.*$/;
    let source = "";
    for (const [at, part] of parts.entries()) {
      if (part === "**") source += at === 0 ? "(?:.*\\/)?" : at === parts.length - 1 ? "(?:\\/.*)?" : "(?:\\/[^/]+)*(?:\\/)?";
      else source += (at > 0 && parts[at - 1] !== "**" ? "\\/" : "") + expression(part);
    }
    return whole(source);
  });
  return (path) => all.some((each) => each.test(path));
}

// What a pattern finds: paths below a folder, and what lies there. `list` gives a folder's names and nodes, or nothing.
export function found(pattern, list) {
  const results = new Map();
  for (const each of alternatives(pattern)) {
    const segments = tidy(each).filter((segment, at, all) => segment !== "**" || all[at - 1] !== "**");
    const tests = segments.map((segment) => (["**", ".", ".."].includes(segment) ? undefined : whole(expression(segment))));
    const walk = (path, at, node) => {
      if (at === segments.length) {
        if (path.length > 0) results.set(path.join("/"), node);
        return;
      }
      const segment = segments[at];
      if (segment === ".") return walk(path, at + 1, node);
      if (segment === "..") return walk(path.slice(0, -1), at + 1, undefined);
      if (segment === "**") walk(path, at + 1, node);
      for (const [name, inner, isFolder] of list(path) ?? []) {
        const next = [...path, name];
        if (segment === "**") {
          if (isFolder) walk(next, at, inner);
          else if (at === segments.length - 1) results.set(next.join("/"), inner);
        } else if (tests[at].test(name) && (isFolder || at === segments.length - 1 || (at === segments.length - 2 && segments[at + 1] === "**"))) walk(next, at + 1, inner);
      }
    };
    if (segments.length > 0) walk([], 0, undefined);
  }
  return results;
}
