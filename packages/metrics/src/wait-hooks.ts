/** Who waits for a buffer, outside of runs: hooks for producers and consumers, which publish on Node's diagnostics_channel. */

import { channel } from "node:diagnostics_channel";
import type { WaitHooks } from "@sluice/core";

/** What `sluice:wait` carries: a producer met the full buffer, or a consumer the empty one, and waits. */
export interface WaitMessage {
  /** As given to `waitHooks`. */
  readonly name: string;
  readonly because: "full" | "empty";
}

/** What `sluice:resume` carries: an item passed again, or nobody waits any more. */
export interface ResumeMessage extends WaitMessage {
  readonly waitedMs: number;
}

/** For both sides of one buffer. */
export interface BufferWaitHooks {
  /** Options for `buffer.producer()`. */
  readonly producer: PublishingHooks;
  /** Options for `buffer.consumer()`. */
  readonly consumer: PublishingHooks;
}

type PublishingHooks = { readonly [K in keyof WaitHooks]-?: NonNullable<WaitHooks[K]> };

const waits = channel("sluice:wait");
const resumes = channel("sluice:resume");

/**
 * Makes the hooks. They may be given to any number of handles, beside other options: `{ ...waitHooks("jobs").producer, id }`.
 * Where nobody subscribes nothing is made.
 *
 * @param name - tells the buffers of one process from each other.
 */
export function waitHooks(name: string): BufferWaitHooks {
  return { producer: hooks(name, "full"), consumer: hooks(name, "empty") };
}

function hooks(name: string, because: "full" | "empty"): PublishingHooks {
  return {
    onWait: () => {
      if (waits.hasSubscribers) waits.publish({ name, because } satisfies WaitMessage);
    },
    onResume: (waitedMs) => {
      if (resumes.hasSubscribers) resumes.publish({ name, because, waitedMs } satisfies ResumeMessage);
    },
  };
}
