// zod: schemas, errors, transforms, unions.
// requests: GET /; POST / {"name":"Ann","age":7,"tags":["a"],"kind":"x","at":"2026-01-01T00:00:00Z"}; POST / {"name":"","age":"7"}
import { z } from "zod";
const Person = z.object({
  name: z.string().min(1).transform((text) => text.toUpperCase()),
  age: z.number().int().positive(),
  tags: z.array(z.string()).default([]),
  kind: z.enum(["x", "y"]).optional(),
  at: z.iso.datetime().optional(),
  more: z.union([z.string(), z.object({ deep: z.boolean() })]).optional(),
});
export default {
  async fetch(request: Request) {
    const input = request.method === "POST" ? await request.json() : { name: "x", age: 1, more: 5 };
    const result = Person.safeParse(input);
    return Response.json(result.success ? { data: result.data } : { issues: result.error.issues, text: z.prettifyError(result.error) });
  },
};
