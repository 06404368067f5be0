// semver, path-to-regexp, fuse.js, minisearch, slugify, diff, decimal.js, big.js, escape-html, change-case, postal-mime, i18next: text and numbers.
// requests: GET /
import semver from "semver";
import { compile, match } from "path-to-regexp";
import Fuse from "fuse.js";
import MiniSearch from "minisearch";
import slugify from "slugify";
import { createPatch, diffWords } from "diff";
import Decimal from "decimal.js";
import Big from "big.js";
import * as cases from "change-case";
import PostalMime from "postal-mime";
import i18next from "i18next";
const BOOKS = [{ id: 1, title: "Moby Dick", text: "Call me Ishmael" }, { id: 2, title: "Emma", text: "handsome, clever and rich" }, { id: 3, title: "Dracula", text: "the castle, clever count" }];
const MAIL = 'From: "A. Nn" <ann@x.example>\r\nTo: b@x.example\r\nSubject: =?utf-8?B?w7xiZXI=?=\r\nDate: Thu, 29 Feb 2024 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9\r\n--b\r\nContent-Type: application/octet-stream; name=f.bin\r\nContent-Disposition: attachment; filename=f.bin\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--b--\r\n';
export default {
  async fetch() {
    const search = new MiniSearch({ fields: ["title", "text"], storeFields: ["title"] });
    search.addAll(BOOKS);
    const mail = await PostalMime.parse(MAIL);
    const i18n = i18next.createInstance();
    await i18n.init({ lng: "de", fallbackLng: "en", resources: { de: { translation: { hi: "Hallo {{name}}", item_one: "{{count}} Ding", item_other: "{{count}} Dinge" } }, en: { translation: { only: "only in English" } } } });
    return Response.json({
      semver: [semver.satisfies("1.2.3", "^1.1 || 3.x"), semver.sort(["2.0.0", "1.10.0", "1.9.0-rc.1"]), semver.inc("1.2.3", "prerelease", "beta"), semver.coerce("v3.4 x").version, semver.diff("1.0.0", "1.1.0")],
      path: [match("/users/:id{/:tab}")("/users/5/a%20b"), compile("/x/*rest")({ rest: ["a b", "c"] })],
      fuse: new Fuse(BOOKS, { keys: ["title"], includeScore: true }).search("emm").map((it) => [it.item.id, Number(it.score.toFixed(6))]),
      mini: search.search("clevr count", { fuzzy: 0.2, prefix: true }).map((it) => [it.title, Number(it.score.toFixed(6)), it.terms]),
      slug: slugify("Déjà vu & more ™", { lower: true, strict: true }),
      diff: [diffWords("a b c", "a x c"), createPatch("f", "1\n2\n3\n", "1\n3\n4\n")],
      decimal: [new Decimal("0.1").plus("0.2").toString(), new Decimal(2).sqrt().toFixed(30), Decimal.exp(1).toString(), new Big("1e500").times(3).toString(), new Big(1).div(3).toFixed(10)],
      cases: [cases.camelCase("a-b c"), cases.constantCase("fooBar"), cases.sentenceCase("helloWorldHTTPServer")],
      mail: [mail.subject, mail.from, mail.text, mail.date, mail.attachments.map((it) => [it.filename, [...new Uint8Array(it.content)]])],
      i18n: [i18n.t("hi", { name: "<A>" }), i18n.t("item", { count: 1 }), i18n.t("item", { count: 5 }), i18n.t("only"), i18n.t("none")],
    });
  },
};
