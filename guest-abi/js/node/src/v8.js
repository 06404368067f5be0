// node:v8: another engine, of which nothing is told.
import { ERR_METHOD_NOT_IMPLEMENTED, validateFunction, validateNumber, validateString } from "internal:node/errors";

const refuse = (name) => {
  throw ERR_METHOD_NOT_IMPLEMENTED(name);
};
const HEAP = ["total_heap_size", "total_heap_size_executable", "total_physical_size", "total_available_size", "used_heap_size", "heap_size_limit", "malloced_memory", "peak_malloced_memory", "does_zap_garbage", "number_of_native_contexts", "number_of_detached_contexts", "total_global_handles_size", "used_global_handles_size", "external_memory", "total_allocated_bytes"];
// Methods that refuse, with what they count of parameters.
function refusing(object, counts, prefix = "") {
  for (const [name, count] of Object.entries(counts)) {
    const method = { [name]() { refuse(prefix + name); } }[name];
    Object.defineProperty(method, "length", { value: count, configurable: true });
    Object.defineProperty(object, name, { value: method, writable: true, enumerable: prefix !== "", configurable: true });
  }
  return object;
}
export class Serializer {
  constructor() {
    refuse("Serializer");
  }
}
refusing(Serializer.prototype, { writeHeader: 0, writeValue: 1, releaseBuffer: 0, transferArrayBuffer: 2, writeUint32: 1, writeUint64: 2, writeDouble: 1, writeRawBytes: 1, _getDataCloneError: 1, _getSharedArrayBufferId: 1, _setTreatArrayBufferViewsAsHostObjects: 1, _writeHostObject: 1 });
export class DefaultSerializer extends Serializer {}
export class Deserializer {
  constructor(buffer) {
    refuse("Deserializer");
  }
}
refusing(Deserializer.prototype, { readHeader: 0, readValue: 0, transferArrayBuffer: 2, getWireFormatVersion: 0, readUint32: 0, readUint64: 0, readDouble: 0, readRawBytes: 1, _readHostObject: 0 });
export class DefaultDeserializer extends Deserializer {
  constructor(buffer) {
    super(buffer);
  }
}
export class GCProfiler {
  start() {
    refuse("GCProfiler.start");
  }
  stop() {
    refuse("GCProfiler.stop");
  }
}
export const promiseHooks = refusing({}, { onInit: 1, onSettled: 1, onBefore: 1, onAfter: 1, createHook: 1 }, "promiseHooks.");
export const startupSnapshot = refusing({}, { addSerializeCallback: 2, addDeserializeCallback: 2, setDeserializeMainFunction: 2 }, "startupSnapshot.");
startupSnapshot.isBuildingSnapshot = function isBuildingSnapshot() {
  return false;
};
export function cachedDataVersionTag() {
  return 0;
}
export function serialize(value) {
  refuse("serialize");
}
export function deserialize(buffer) {
  refuse("deserialize");
}
export function getCppHeapStatistics() {
  return { committed_size_bytes: 0, resident_size_bytes: 0, used_size_bytes: 0, space_statistics: [], type_names: [], detail_level: "detailed" };
}
export function getHeapCodeStatistics() {
  return { code_and_metadata_size: 0, bytecode_and_metadata_size: 0, external_script_source_size: 0, cpu_profiler_metadata_size: 0 };
}
export function getHeapSnapshot() {
  refuse("getHeapSnapshot");
}
export function getHeapSpaceStatistics() {
  return [];
}
export function getHeapStatistics() {
  return Object.fromEntries(HEAP.map((name) => [name, 0]));
}
export function isStringOneByteRepresentation(content) {
  validateString(content, "content");
  refuse("isStringOneByteRepresentation");
}
export function queryObjects(constructor) {
  validateFunction(constructor, "constructor");
  refuse("queryObjects");
}
export function setFlagsFromString(flags) {
  validateString(flags, "flags");
  refuse("setFlagsFromString");
}
export function setHeapSnapshotNearHeapLimit(limit) {
  validateNumber(limit, "limit");
  refuse("setHeapSnapshotNearHeapLimit");
}
export function stopCoverage() {
  refuse("stopCoverage");
}
export function takeCoverage() {
  refuse("takeCoverage");
}
export function writeHeapSnapshot(filename) {
  refuse("writeHeapSnapshot");
}
export default { cachedDataVersionTag, getHeapSnapshot, getHeapStatistics, getHeapSpaceStatistics, getHeapCodeStatistics, getCppHeapStatistics, setFlagsFromString, Serializer, Deserializer, DefaultSerializer, DefaultDeserializer, deserialize, takeCoverage, stopCoverage, serialize, writeHeapSnapshot, promiseHooks, queryObjects, startupSnapshot, setHeapSnapshotNearHeapLimit, GCProfiler, isStringOneByteRepresentation };
