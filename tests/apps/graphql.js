// graphql: parsing, validating, executing, printing.
// requests: GET /
import { buildSchema, execute, graphql, GraphQLError, GraphQLInt, GraphQLList, GraphQLObjectType, GraphQLSchema, GraphQLString, introspectionFromSchema, parse, print, printSchema, subscribe, validate, visit } from "graphql";
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: "Query",
    fields: {
      words: { type: new GraphQLList(GraphQLString), args: { count: { type: GraphQLInt, defaultValue: 2 } }, resolve: async (_, { count }) => Array.from({ length: count }, (_, at) => `w${at}`) },
      fails: { type: GraphQLString, resolve: () => { throw new GraphQLError("no", { extensions: { code: "NO" } }); } },
    },
  }),
  subscription: new GraphQLObjectType({ name: "Subscription", fields: { tick: { type: GraphQLInt, subscribe: async function* () { for (let tick = 0; tick < 3; tick++) yield { tick }; } } } }),
});
const text = buildSchema('"d" type Query { a(x: [In!]! = [{n: 1}]): U } union U = A | B type A { id: ID! @deprecated(reason: "old") } type B { e: E } enum E { X Y } input In { n: Int }');
export default {
  async fetch() {
    const document = parse("query Q($n: Int) { ...F fails } fragment F on Query { words(count: $n) }");
    const ticks = [];
    for await (const { data } of await subscribe({ schema, document: parse("subscription { tick }") })) ticks.push(data.tick);
    return Response.json({
      run: await execute({ schema, document, variableValues: { n: 3 } }),
      invalid: validate(schema, parse("{ words(count: \"x\") nope }")).map((error) => [error.message, error.locations]),
      syntax: await graphql({ schema, source: "{ words(" }),
      printed: print(visit(document, { Field: (node) => (node.name.value === "fails" ? null : undefined) })),
      sdl: printSchema(text),
      types: introspectionFromSchema(text).__schema.types.map((type) => type.name).sort(),
      ticks,
    });
  },
};
