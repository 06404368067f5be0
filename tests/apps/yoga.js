// GraphQL Yoga: a schema, variables, errors.
// requests: GET /graphql?query=%7Bhello%7D; GET /graphql?query=%7Badd(a%3A1%2Cb%3A2)%7D; GET /graphql?query=%7Bfail%7D; GET /graphql?query=%7Bnope%7D; GET /other
import { createSchema, createYoga } from "graphql-yoga";
const yoga = createYoga({
  schema: createSchema({
    typeDefs: "type Query { hello: String! add(a: Int!, b: Int!): Int! fail: String list: [Item!]! } type Item { id: ID! }",
    resolvers: { Query: { hello: () => "world", add: (_, { a, b }) => a + b, fail: () => { throw new Error("secret"); }, list: () => [{ id: 1 }] } },
  }),
  graphiql: false,
  logging: false,
});
export default { fetch: (request, env, ctx) => yoga.fetch(request, env, ctx) };
