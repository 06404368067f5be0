// Analytics Engine: data points (spec: SEMANTICS §23). Writing is done at once and gives nothing; a
// point that breaks a limit is dropped, and nobody is told.
import native from "internal:native";
import { insideHandler, scope } from "internal:errors";
import { isObject, wrongArgument, wrongField } from "internal:arguments";
import { shape } from "internal:shape";
import { binding } from "internal:env";

// More than there may be are too many, however many they are.
const MOST = 21;
const TYPE = "AnalyticsEngineEvent";

let named;

function list(event, field) {
  const value = event?.[field];
  if (value === undefined || value === null) return [];
  if (!isArray(value)) throw wrongField(field, TYPE, "Array");
  return value.slice(0, MOST);
}

// Bytes stay bytes, what is absent is empty, and everything else is a text.
const part = (value) =>
  value === null || value === undefined ? "" : isView(value) || value instanceof ArrayBuffer ? value : `${value}`;

class AnalyticsEngine {
  #name;
  writeDataPoint(event) {
    const name = this.#name;
    if (event !== undefined && event !== null && !isObject(event)) {
      throw wrongArgument("writeDataPoint", "AnalyticsEngine", 1, TYPE);
    }
    const blobs = list(event, "blobs").map(part);
    const doubles = list(event, "doubles").map(Number);
    const indexes = list(event, "indexes").map(part);
    if (scope.global) insideHandler();
    native.analyticsWrite(name, indexes, doubles, blobs);
  }
  static {
    named = (name) => {
      const engine = new AnalyticsEngine();
      engine.#name = name;
      return engine;
    };
  }
}
shape(AnalyticsEngine);

binding("analytics_engine", (name) => named(name));
