// requests: GET /value; GET /method; GET /accessor; GET /fixed; GET /array
// A Worker that puts members on Object.prototype and Array.prototype: dictionaries of its own have them, as in
// V8; what the platform makes for itself has not.
// head: heads/uses.js
const names = [];
for (const name in checks) names.push(name);
const plain = (it) => (typeof it !== "object" ? `${it}` : it[0] + "," + it[1]);
const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;

const WORDS =
  "foo get set value headers body method status type url signal cf done next start pull cancel write name hash length once cause message code key id data redirect encodeBody webSocket statusText highWaterMark size fatal transfer writable readable enumerable configurable preventClose cache toJSON handleEvent state controller reader queue timeZone style element text".split(
    " ",
  );
const SHAPES = {
  value: () => ({ value: "polluted", writable: true, enumerable: true }),
  method: () => ({ value: () => 1, writable: true, enumerable: true }),
  accessor: (word) => ({
    get() {
      throw new Error(`got ${word}`);
    },
    set() {
      throw new Error(`set ${word}`);
    },
    enumerable: true,
  }),
  fixed: () => ({ value: undefined }),
};

export default {
  async fetch(request) {
    const shape = new URL(request.url).pathname.slice(1);
    const facts = { untouched: {} };
    for (let i = 0; i < names.length; i++) facts.untouched[names[i]] = plain(await checks[names[i]]());
    for (let w = 0; w < WORDS.length; w++) {
      const word = WORDS[w];
      const holder = shape === "array" ? Array.prototype : Object.prototype;
      if (word in holder) continue;
      const property = SHAPES[shape === "array" ? "method" : shape](word);
      const seen = {};
      for (let i = 0; i < names.length; i++) {
        let got;
        defineProperty(holder, word, { __proto__: null, configurable: true, ...property });
        try {
          got = plain(await checks[names[i]]());
        } catch (error) {
          got = error.message;
        } finally {
          delete holder[word];
        }
        if (got !== facts.untouched[names[i]]) seen[names[i]] = got;
      }
      facts[word] = seen;
    }
    return new Response(stringify(facts), { headers: { "content-type": "application/json" } });
  },
};
