// A store in memory as a transport: places in this process, by name.
import { randomUUID } from "node:crypto";
import { BufferError, INTERFACE_VERSION, wrongType } from "@sluice/core";
import { createMemoryStore } from "../../dist/index.js";

const NAME = "stored-in-memory";

const capabilities = {
  reach: "process",
  survives: [],
  peak: "exact",
  returned: "in-place",
  fencing: "authority",
  deadLetter: "atomic",
  release: "free",
  putOutcome: "known",
  retryWindowMs: "unbounded",
};

// Of the process: the test runner has a copy of this module besides the one that an address leads to.
const PLACES = Symbol.for("@sluice/file-store.test-places");
Reflect.set(globalThis, PLACES, Reflect.get(globalThis, PLACES) ?? new Map());
const places = Reflect.get(globalThis, PLACES);

export function memoryStoreTransport(name = randomUUID()) {
  const fault = (code) => new BufferError(code, `At ${name}`, { transport: NAME });
  const found = () => (places.get(name)?.store.isDestroyed === false ? places.get(name) : undefined);
  return {
    name: NAME,
    module: import.meta.url,
    interfaceVersion: INTERFACE_VERSION,
    capabilities,
    async create(spec, wishes) {
      if (wishes.durability === "fsync") throw fault("CAPABILITY_MISSING");
      if (found() !== undefined) throw fault("BUFFER_EXISTS");
      const address = { module: import.meta.url, transport: NAME, place: { name, id: randomUUID() } };
      places.set(name, { store: createMemoryStore(NAME, spec), address });
      return address;
    },
    async open(address) {
      const there = found();
      const isMeant = address === undefined || placeOf(address).id === there?.address.place.id;
      if (there === undefined || !isMeant) throw fault("BUFFER_NOT_FOUND");
      return there.store.open({ capabilities, address: there.address });
    },
  };
}

export function transportAt(address) {
  return memoryStoreTransport(placeOf(address).name);
}

function placeOf({ place }) {
  const { name, id } = place ?? {};
  if (typeof name !== "string" || typeof id !== "string") throw wrongType("place", "a name and an id", place);
  return { name, id };
}
