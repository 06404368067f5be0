// nanoid, uuid, ulid, hashids: identifiers, the random ones by their form.
// requests: GET /
import { customAlphabet, nanoid, urlAlphabet } from "nanoid";
import { NIL, parse, stringify, v1, v3, v4, v5, v6, v7, validate, version } from "uuid";
import { decodeTime, ulid } from "ulid";
import Hashids from "hashids";
export default {
  fetch() {
    const id = v4();
    const hashids = new Hashids("salt", 8);
    return Response.json({
      nano: [nanoid().length, /^[\w-]{21}$/.test(nanoid()), nanoid() !== nanoid(), /^[ab]{9}$/.test(customAlphabet("ab", 9)()), urlAlphabet.length],
      uuid: [validate(id), version(id), v5("name", v5.URL), v3("name", v3.DNS), version(v1()), version(v6()), version(v7()), NIL, stringify(parse(id)) === id, validate("x")],
      ulid: [ulid(1_700_000_000_000).slice(0, 10), decodeTime("01HF7YAT00AAAAAAAAAAAAAAAA"), ulid().length],
      hashids: [hashids.encode(1, 2, 3), hashids.decode(hashids.encode(1, 2, 3)), hashids.encodeHex("507f1f77bcf86cd799439011")],
    });
  },
};
