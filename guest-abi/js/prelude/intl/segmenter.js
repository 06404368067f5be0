// Intl.Segmenter: graphemes, words and sentences by the rules of Unicode, without dictionaries.
import native from "internal:native";

const { segmentEnds } = native;
const { defineProperty, create, getPrototypeOf } = Object;
const GRANULARITIES = ["grapheme", "word", "sentence"];

export function segmenters({ choice, localeOf, incompatible }) {
  class Segments {
    #text;
    #kind;
    #ends;
    constructor(text, kind) {
      this.#text = text;
      this.#kind = kind;
    }
    // The segment that ends at this place of the list.
    static at(segments, number) {
      const ends = (segments.#ends ??= segmentEnds(segments.#text, segments.#kind));
      if (number >= ends.length) return undefined;
      const isWord = segments.#kind === 1;
      const end = isWord ? ends[number] >>> 1 : ends[number];
      const start = number === 0 ? 0 : isWord ? ends[number - 1] >>> 1 : ends[number - 1];
      const segment = { segment: segments.#text.slice(start, end), index: start, input: segments.#text };
      if (isWord) segment.isWordLike = (ends[number] & 1) === 1;
      return segment;
    }
    containing(index) {
      const place = Math.trunc(Number(index)) || 0;
      if (place < 0 || place >= this.#text.length) return undefined;
      const ends = (this.#ends ??= segmentEnds(this.#text, this.#kind));
      let low = 0, high = ends.length - 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((this.#kind === 1 ? ends[middle] >>> 1 : ends[middle]) > place) high = middle;
        else low = middle + 1;
      }
      return Segments.at(this, low);
    }
    [Symbol.iterator]() {
      return new SegmentIterator(this);
    }
  }
  defineProperty(Segments.prototype.containing, "length", { value: 1, configurable: true });
  delete Segments.prototype.constructor;

  const iterators = create(getPrototypeOf(getPrototypeOf([].values())));
  // Installs its state on an object of another prototype.
  class Based {
    constructor(object) {
      return object;
    }
  }
  class SegmentIterator extends Based {
    #segments;
    #number = 0;
    constructor(segments) {
      super(create(iterators));
      this.#segments = segments;
    }
    static {
      const step = {
        next() {
          if (!(#segments in this)) throw incompatible("Segment Iterator", "next", this);
          const value = Segments.at(this.#segments, this.#number);
          if (value === undefined) return { value, done: true };
          this.#number++;
          return { value, done: false };
        },
      };
      defineProperty(iterators, "next", { value: step.next, writable: true, configurable: true });
    }
  }
  defineProperty(iterators, Symbol.toStringTag, { value: "Segmenter String Iterator", configurable: true });

  return class Segmenter {
    #locale;
    #granularity;
    constructor(locales, options) {
      this.#locale = localeOf(locales);
      if (options !== undefined && Object(options) !== options) throw new TypeError("invalid_argument");
      this.#granularity = choice(options ?? {}, "granularity", GRANULARITIES, "grapheme", "Intl.Segmenter");
    }
    resolvedOptions() {
      if (!(#locale in this)) throw incompatible("Segmenter", "resolvedOptions", this);
      return { locale: this.#locale, granularity: this.#granularity };
    }
    segment(text) {
      if (!(#locale in this)) throw incompatible("Segmenter", "segment", this);
      return new Segments(`${text}`, GRANULARITIES.indexOf(this.#granularity));
    }
  };
}
