// ajv (makes code of text, which is refused), valibot, yup, typebox, superstruct: validation.
// requests: GET /
import Ajv from "ajv";
import * as v from "valibot";
import * as yup from "yup";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
const attempt = (work) => {
  try {
    return work();
  } catch (error) {
    return [error.name, error.message, error.constructor === EvalError];
  }
};
const Person = v.pipe(v.object({ name: v.pipe(v.string(), v.nonEmpty("empty"), v.trim()), mail: v.optional(v.pipe(v.string(), v.email())), tags: v.array(v.picklist(["a", "b"])), at: v.pipe(v.string(), v.isoDate(), v.transform((text) => text.slice(0, 4))) }), v.check((it) => it.tags.length < 3, "many"));
const Box = Type.Object({ id: Type.Integer({ minimum: 1 }), kind: Type.Union([Type.Literal("x"), Type.Literal("y")]), more: Type.Optional(Type.Record(Type.String(), Type.Number())) });
export default {
  async fetch() {
    const shown = (result) => ({ ok: result.success, out: result.output, issues: result.issues?.map((issue) => [issue.type, issue.message, issue.path?.map((item) => item.key)]) });
    const schema = yup.object({ name: yup.string().required(), age: yup.number().positive().integer().max(10) });
    return Response.json({
      ajv: attempt(() => new Ajv().compile({ type: "object", properties: { a: { type: "number" } } })({ a: "x" })),
      valibot: [shown(v.safeParse(Person, { name: " x ", tags: ["a"], at: "2024-02-29" })), shown(v.safeParse(Person, { name: "", mail: "no", tags: ["c"], at: "x" })), attempt(() => v.parse(v.number(), "1"))],
      yup: [await schema.validate({ name: "x", age: "4" }), await schema.validate({ age: 99.5 }, { abortEarly: false }).catch((error) => [error.name, error.errors])],
      typebox: [Value.Check(Box, { id: 1, kind: "x" }), [...Value.Errors(Box, { id: 0, kind: "z", more: { a: "b" } })].map((error) => [error.path, error.message]), Value.Convert(Box, { id: "5", kind: "y" }), Value.Create(Box)],
    });
  },
};
