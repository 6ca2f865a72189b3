// Opens a store as a transport does, in whatever process.
import { findStore } from "../../dist/index.js";

export async function openAt(address) {
  const [found, options] = foundAt(address);
  return found.open(options);
}

export async function openForBrokerAt(address) {
  const [found, options] = foundAt(address);
  return found.openForBroker(options);
}

function foundAt(address) {
  const { path, id, lockWaitMs } = address.place;
  const found = findStore(path, address.transport, id);
  const place = { path, id: found.id, lock: found.lock };
  const options = {
    capabilities: {
      ...CAPABILITIES,
      survives: found.durability === "fsync" ? ["participant", "power-loss"] : ["participant"],
    },
    address: { ...address, place },
    ...(lockWaitMs === undefined ? {} : { lockWaitMs }),
  };
  return [found, options];
}

const CAPABILITIES = {
  reach: "host",
  peak: "exact",
  returned: "in-place",
  fencing: "authority",
  deadLetter: "atomic",
  release: "free",
  putOutcome: "known",
  retryWindowMs: "unbounded",
};
