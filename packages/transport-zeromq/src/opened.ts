import type { BufferSpec } from "@sluice/core";

/** What a broker tells of its buffer to a client that opens it. */
export interface Opened {
  readonly bufferId: string;
  readonly spec: BufferSpec;
  /** Whether the broker keeps a journal, and whether that survives a power cut. */
  readonly journal: "none" | "process" | "power";
}
