/** The shared-memory transport: processes of one host, at the speed of memory. Read `ARCHITECTURE.md`, then `shm-transport.ts`. */

export { type ShmTransportOptions, shmTransport, transportAt } from "./shm-transport.js";
