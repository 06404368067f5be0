// kysely and drizzle: queries compiled to SQL, without a database.
// requests: GET /
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from "kysely";
import { and, eq, gt, sql as raw } from "drizzle-orm";
import { integer, QueryBuilder, sqliteTable, text } from "drizzle-orm/sqlite-core";
interface Tables {
  person: { id: number; name: string; age: number | null };
}
const db = new Kysely<Tables>({ dialect: { createAdapter: () => new SqliteAdapter(), createDriver: () => new DummyDriver(), createIntrospector: (db) => new SqliteIntrospector(db), createQueryCompiler: () => new SqliteQueryCompiler() } });
const person = sqliteTable("person", { id: integer("id").primaryKey(), name: text("name").notNull(), age: integer("age") });
export default {
  async fetch() {
    const one = db.selectFrom("person").select(["id", sql<number>`age + ${1}`.as("next")]).where("name", "=", "Ann").orderBy("id", "desc").limit(3).compile();
    const two = db.insertInto("person").values({ id: 1, name: "x", age: null }).onConflict((c) => c.column("id").doUpdateSet({ name: "y" })).compile();
    const rows = await db.selectFrom("person").selectAll().execute();
    const three = new QueryBuilder().select({ id: person.id, up: raw`upper(${person.name})` }).from(person).where(and(eq(person.name, "Ann"), gt(person.age, 3))).limit(2).toSQL();
    return Response.json({ one: [one.sql, one.parameters], two: [two.sql, two.parameters], rows, three });
  },
};
