// Does one thing as often as the query says: `?what=url&times=1000`.
const fields = Array.from({ length: 20 }, (_, at) => [`x-field-${at}`, `value ${at}`]);
const record = Object.fromEntries(fields);
const bytes = new Uint8Array(1 << 20).fill(7);
const rows = Array.from({ length: 120 }, (_, id) => ({ id, name: `row number ${id}`, tags: ["one", "two"], weight: id / 8, last: null }));
const text = JSON.stringify(rows);

const what = {
  nothing() {},
  url: (at) => new URL(`https://example.com/some/path/${at}?a=1&b=two#part`),
  headers: () => new Headers(record),
  entries() {
    for (const [name] of new Headers(record)) if (name === "") throw new Error(name);
  },
  digest: () => crypto.subtle.digest("SHA-256", bytes),
  json: () => JSON.stringify(JSON.parse(text)),
};

export default {
  async fetch(request) {
    const { searchParams } = new URL(request.url);
    const work = what[searchParams.get("what")];
    const times = Number(searchParams.get("times"));
    for (let at = 0; at < times; at++) {
      const done = work(at);
      // Waiting takes time of its own.
      if (work === what.digest) await done;
    }
    return new Response(`${text.length}`);
  },
};
