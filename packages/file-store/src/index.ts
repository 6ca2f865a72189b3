/** What `@sluice/file-store` exports, and nothing else. */

export type { BrokerPort, BrokerProducerPort, HeldLease, HeldProducer } from "./broker-port.js";
export type { Durability, StoreSettings } from "./buffer-header.js";
export { BufferState } from "./buffer-state.js";
export type { Clock } from "./clock.js";
export { createStore } from "./create-store.js";
export { type Decide, type Decision, decideIfCurrent, type Had, type Patience } from "./decision.js";
export { Dues, type DueWork } from "./dues.js";
export { Faults } from "./faults.js";
export type { Item } from "./item.js";
export { withJoin } from "./join.js";
export { isStoreId, newHandleId } from "./layout.js";
export { LOCK_NAMES, type LockName } from "./lock-strategy.js";
export type { Commits, Log, Payload, WaitCounts, WaitKind } from "./log.js";
export { createMemoryStore, type MemoryStore } from "./memory-store.js";
export { type FoundStore, findStore, LOCK_WAIT_MS_DEFAULT, type OpenStoreOptions } from "./open-store.js";
export type { Operation } from "./operation.js";
export { restoreSnapshot, type Snapshot, takeSnapshot } from "./state-snapshot.js";
export { Store } from "./store.js";
export { type PortIdentity, StorePort } from "./store-port.js";
