/** What the handles of one buffer share, and how they end. */

import type { AnyCodec } from "./codec.js";
import type { DestroyedNotice } from "./destroyed-notice.js";
import type { BufferPort } from "./transport.js";

/** The settings of this process's handle, which others need not share. */
export interface HandleOptions {
  /** How long a lease of this handle's consumers is good for, in milliseconds, from 1 to 2^31 - 1. Default 30,000. */
  readonly leaseMs?: number | undefined;
  /** Most calls that wait on one producer or consumer. From 1. Default 10,000. */
  readonly waitersMax?: number | undefined;
}

/** Of `leaseMs`, in milliseconds. */
export const LEASE_MS_DEFAULT = 30_000;
/** Of `waitersMax`, in calls. */
export const WAITERS_MAX_DEFAULT = 10_000;

/** An open buffer, as its producers and consumers see it. */
export interface OpenBuffer {
  readonly port: BufferPort;
  /** Name of the transport, for messages. */
  readonly transport: string;
  readonly codec: AnyCodec;
  readonly leaseMs: number;
  readonly waitersMax: number;
  readonly destroyed: DestroyedNotice;
}

/** A producer or consumer that its buffer ends with itself. */
export interface Handle {
  close(): Promise<void>;
  /** Ends it without a word to the port: whose buffer is going away. Resolves when no port call is under way. */
  end(error: () => unknown): Promise<void>;
}
