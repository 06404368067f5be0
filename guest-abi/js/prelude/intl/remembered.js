// Answers about tags of languages and names of zones: a Worker asks about the same few again and again.
const MOST = 32;
// Characters of a tag that is kept.
const LENGTH = 40;

// A function of a tag that keeps what it gave; what threw, and what is no text, is asked each time.
export function remembered(f) {
  const known = new Map();
  return (tag) => {
    if (tag !== undefined && (typeof tag !== "string" || tag.length > LENGTH)) return f(tag);
    let found = known.get(tag);
    if (found === undefined && !known.has(tag)) {
      found = f(tag);
      if (known.size >= MOST) known.clear();
      known.set(tag, found);
    }
    return found;
  };
}
