// What finds and merges: Orama, FlexSearch, Yjs.
// requests: GET /
import { create, insert, search } from "@orama/orama";
import { Index } from "flexsearch";
import * as Y from "yjs";

async function orama() {
  const known = create({ schema: { text: "string", number: "number" } });
  for (const [number, text] of ["red shoes", "blue shoe", "a hat"].entries()) await insert(known, { text, number });
  const { count, hits } = await search(known, { term: "shoe", where: { number: { gt: 0 } } });
  return [count, hits.map(({ document }) => document)];
}
function flexsearch() {
  const index = new Index({ tokenize: "forward" });
  ["hello world", "help me", "other"].forEach((text, at) => index.add(at, text));
  return index.search("hel");
}
function yjs() {
  const [one, other] = [new Y.Doc(), new Y.Doc()];
  [one.clientID, other.clientID] = [1, 2];
  one.getText("t").insert(0, "hello");
  other.getMap("m").set("k", [1]);
  Y.applyUpdate(other, Y.encodeStateAsUpdate(one));
  other.getText("t").insert(5, " world");
  Y.applyUpdate(one, Y.encodeStateAsUpdate(other));
  return [one.getText("t").toString(), one.getMap("m").toJSON(), [...Y.encodeStateVector(one)], [...Y.encodeStateAsUpdate(one)]];
}

export default {
  fetch: async () => Response.json([await orama(), flexsearch(), yjs()]),
};
