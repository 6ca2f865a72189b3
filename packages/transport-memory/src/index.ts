/** The memory transport: one process, no persistence. Read `memory-transport.ts` first. */

export { type MemoryTransportOptions, memoryTransport, transportAt } from "./memory-transport.js";
