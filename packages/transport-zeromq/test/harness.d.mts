import type { Harness } from "@sluice/transport-contract";

declare const ipc: Harness;
export default ipc;
export declare const tcp: Harness;
export declare const journal: Harness;
