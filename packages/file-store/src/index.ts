/** What `@sluice/file-store` exports, and nothing else. */

export type { BrokerPort, BrokerProducerPort, HeldLease, HeldProducer } from "./broker-port.js";
export type { Durability, StoreSettings } from "./buffer-header.js";
export { createStore } from "./create-store.js";
export { isStoreId } from "./layout.js";
export { LOCK_NAMES, type LockName } from "./lock-strategy.js";
export { createMemoryStore, type MemoryStore } from "./memory-store.js";
export { type FoundStore, findStore, LOCK_WAIT_MS_DEFAULT, type OpenStoreOptions } from "./open-store.js";
export type { PortIdentity } from "./store-port.js";
