/** What an adapter hands in to be tested: about ten lines. */

import {
  type BufferTransport,
  type BufferWishes,
  checkOptions,
  type TransportCapabilities,
} from "@sluice/core";

export interface Harness {
  /** A transport at a fresh place, where nothing is yet and which nobody else uses. Called for each rule. */
  createTransport(): BufferTransport | Promise<BufferTransport>;
  /** Clears the place away when the rule is over, also after one that failed. */
  cleanup?(transport: BufferTransport): void | Promise<void>;
  /** The capabilities of the transports that `createTransport` makes. They choose the rules, and are verified by one. */
  readonly capabilities: TransportCapabilities;
  /** Asked of each buffer that a rule creates, but for those rules that are about it. Default: nothing. */
  readonly wishes?: BufferWishes;
  /** Whether child processes may be spawned here. Default: where the reach is more than the process. */
  readonly processes?: boolean;
  /** The adapter's failpoints at which a process may be killed or stopped; see `failpoint` of core. Default: none. */
  readonly failpoints?: readonly string[];
  /** Ends the broker or server that holds the transport's buffer, without warning, and starts it again. Default: there is none. */
  restart?(transport: BufferTransport): void | Promise<void>;
  /** Tells what is left behind at a place after its buffer was destroyed: names, or nothing. */
  leftovers?(transport: BufferTransport): readonly string[] | Promise<readonly string[]>;
  /**
   * The folder in which all of the buffer's files lie, and nothing else; it is there from `createTransport` on. For a transport
   * whose own processes read and write them. Its files are damaged, and its processes' system calls made to fail.
   */
  directory?(transport: BufferTransport): string;
}

const MEMBERS: Record<keyof Harness, true> = {
  createTransport: true,
  cleanup: true,
  capabilities: true,
  wishes: true,
  processes: true,
  failpoints: true,
  restart: true,
  leftovers: true,
  directory: true,
};

/** @throws TypeError for a member that there is not, which would be ignored: with the one that may have been meant. */
export function checkMembers(harness: Harness): void {
  checkOptions("the harness", harness, Object.keys(MEMBERS));
}
