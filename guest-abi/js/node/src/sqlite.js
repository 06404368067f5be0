// node:sqlite: there are no databases, and the classes cannot be constructed.
const sealed = (name) => {
  const type = { [name]: function () { throw new TypeError("Illegal constructor"); } }[name];
  Object.defineProperty(type, "length", { value: 0, configurable: true });
  Object.defineProperty(type, "prototype", { writable: false });
  Object.defineProperty(type.prototype, Symbol.toStringTag, { value: name, writable: true, configurable: true });
  return type;
};
export const DatabaseSync = sealed("DatabaseSync"), StatementSync = sealed("StatementSync");

export const backup = function () {
  throw new Error("backup is not implemented");
}.bind(undefined);
Object.defineProperty(backup, "name", { value: "bound backup", configurable: true });

// The numbers of sqlite3.h.
const named = (prefix, names, from = 0) => names.map((name, at) => [`SQLITE_${prefix}${name}`, from + at]);
export const constants = Object.fromEntries([
  ["SQLITE_CHANGESET_OMIT", 0], ["SQLITE_CHANGESET_REPLACE", 1], ["SQLITE_CHANGESET_ABORT", 2], ["SQLITE_CHANGESET_DATA", 1],
  ["SQLITE_CHANGESET_NOTFOUND", 2], ["SQLITE_CHANGESET_CONFLICT", 3], ["SQLITE_CHANGESET_CONSTRAINT", 4], ["SQLITE_CHANGESET_FOREIGN_KEY", 5],
  ...named("", ["OK", "DENY", "IGNORE"]),
  ...named("CREATE_", ["INDEX", "TABLE", "TEMP_INDEX", "TEMP_TABLE", "TEMP_TRIGGER", "TEMP_VIEW", "TRIGGER", "VIEW"], 1),
  ["SQLITE_DELETE", 9],
  ...named("DROP_", ["INDEX", "TABLE", "TEMP_INDEX", "TEMP_TABLE", "TEMP_TRIGGER", "TEMP_VIEW", "TRIGGER", "VIEW"], 10),
  ...named("", ["INSERT", "PRAGMA", "READ", "SELECT", "TRANSACTION", "UPDATE", "ATTACH", "DETACH", "ALTER_TABLE", "REINDEX", "ANALYZE", "CREATE_VTABLE", "DROP_VTABLE", "FUNCTION", "SAVEPOINT"], 18),
  ["SQLITE_COPY", 0], ["SQLITE_RECURSIVE", 33],
]);

export default { DatabaseSync, StatementSync, constants, backup };
