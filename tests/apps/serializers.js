// superjson, devalue, yaml, fast-xml-parser, papaparse, qs, @msgpack/msgpack, cborg, smol-toml: text and bytes from values and back.
// requests: GET /
import superjson from "superjson";
import * as devalue from "devalue";
import YAML from "yaml";
import { XMLBuilder, XMLParser } from "fast-xml-parser";
import Papa from "papaparse";
import qs from "qs";
import { decode, encode } from "@msgpack/msgpack";
import { decode as fromCbor, encode as toCbor } from "cborg";
import TOML from "smol-toml";
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const loop = { name: "loop" };
loop.self = loop;
const value = { date: new Date(0), map: new Map([["a", new Set([1n, 2n])]]), u: undefined, nan: NaN, re: /x/gi, url: new URL("http://x.example/a"), big: 12345678901234567890n, neg: -0, inf: -Infinity, err: new RangeError("r") };
export default {
  fetch() {
    const text = superjson.stringify(value);
    const back = superjson.parse(text);
    const dev = devalue.stringify({ loop, date: value.date, set: value.map, big: 5n, sparse: [, 1] });
    const undone = devalue.parse(dev);
    const xml = new XMLParser({ ignoreAttributes: false }).parse('<?xml version="1.0"?><a x="1"><b>t&amp;</b><b>2</b><c/><![CDATA[raw <x>]]></a>');
    const packed = encode({ a: [1, -5, 1.5, "ü", null, true], b: new Uint8Array([1, 2]), d: new Date(1000), n: 2 ** 40 });
    const cbor = toCbor({ a: [1, "x", { b: 2n ** 60n }], m: new Map([["k", 2.5]]), u: new Uint8Array([1, 2]) });
    return Response.json({
      superjson: [text, back.map.get("a").has(2n), back.date.toISOString(), Object.is(back.neg, -0), back.err.message],
      devalue: [dev, undone.loop.self === undone.loop, devalue.uneval({ a: [loop, loop], d: new Date(0), s: "</script>" })],
      yaml: [YAML.parse("a: [1, two, 3.0]\nb: &x\n  c: |\n    line\n    more\nd: *x\ne: 2001-12-14\nf: ~\n"), YAML.stringify({ a: [1, { b: "x: y" }], long: "l".repeat(90), multi: "a\nb" }), YAML.parseDocument("a: [1").errors[0].code],
      xml: [xml, new XMLBuilder({ ignoreAttributes: false, format: true }).build(xml)],
      csv: [Papa.parse('a,b\n1,"x ""y"", z"\n2,\n', { header: true, dynamicTyping: true }).data, Papa.unparse([{ a: 1, b: 'q"u,o' }]), Papa.parse("a;b\n1;2").meta],
      qs: [qs.parse("a[b][]=1&a[b][]=2&c=%20&d[x]=y&e"), qs.stringify({ a: { b: [1, 2], c: null, d: undefined }, e: "x y&" }), qs.stringify({ a: [1, 2] }, { arrayFormat: "comma", encode: false })],
      msgpack: [hex(packed), decode(packed)],
      cbor: [hex(cbor), fromCbor(cbor).m, String(fromCbor(cbor).a[2].b)],
      toml: [TOML.parse('a = 1\n[b.c]\nd = ["x", 1979-05-27T07:32:00Z]\n[[e]]\nf = true\n'), TOML.stringify({ a: { b: [1.5, 2] }, s: "q\"" })],
    });
  },
};
