/** A consumer at work: takes an item under a lease, hands it to the module's function, acks or nacks. */

import type { Consumer } from "../consumer.js";
import { isBufferError } from "../errors.js";
import type { Lease } from "../lease.js";
import { keepLease } from "../lease-renewal.js";
import { untilNotBusy } from "../until-not-busy.js";
import type { Journal } from "./journal.js";
import { now } from "./run-events.js";
import type { FailedItem, WorkerEnd, WorkerJob } from "./worker-messages.js";

type Handle = (item: unknown) => unknown;

/**
 * Ends when the buffer is drained, when it stayed empty for `idleMs`, or when `stop` is aborted; what is in hand and not
 * done then goes back. Rejects with a fault of the buffer, never with what the handler threw.
 *
 * @param careful - whether an item that failed before is to be handled alone: a consumer has crashed, and what else is in hand when
 * one crashes again would count as failed too.
 */
export function consume(
  consumer: Consumer<unknown>,
  handle: Handle,
  job: WorkerJob,
  journal: Journal,
  stop: AbortSignal,
  careful: () => boolean,
): Promise<WorkerEnd> {
  return new Consuming(consumer, handle, job, journal, stop, careful).run();
}

class Consuming {
  readonly #consumer: Consumer<unknown>;
  readonly #handle: Handle;
  readonly #job: WorkerJob;
  readonly #journal: Journal;
  readonly #stop: AbortSignal;
  readonly #careful: () => boolean;
  /** What each hand is at, or was last. */
  readonly #handled: Promise<void>[] = [];
  /** While an item that failed before is handled alone: resolves after it. */
  #alone: Promise<void> | undefined;
  /** In hand, by sequence: how often each had failed before. */
  readonly #suspects = new Map<number, FailedItem>();
  #isOneByOne = false;
  #inHand = 0;
  #lastItemAt = performance.now();

  constructor(
    consumer: Consumer<unknown>,
    handle: Handle,
    job: WorkerJob,
    journal: Journal,
    stop: AbortSignal,
    careful: () => boolean,
  ) {
    this.#careful = careful;
    this.#consumer = consumer;
    this.#handle = handle;
    this.#job = job;
    this.#journal = journal;
    this.#stop = stop;
  }

  async run(): Promise<WorkerEnd> {
    const ends = await Promise.all(
      Array.from({ length: this.#job.concurrency }, (_, hand) => this.#work(hand)),
    );
    return ends.find((end) => end !== "done") ?? "done";
  }

  async #work(hand: number): Promise<WorkerEnd> {
    for (;;) {
      if (this.#alone !== undefined) await this.#alone;
      const leases = await this.#next();
      if (typeof leases === "string") return leases;
      if (this.#alone !== undefined) {
        await this.#giveBack(leases);
        continue;
      }
      const suspect = this.#careful() ? leases.find(({ failures }) => failures > 0) : undefined;
      this.#isOneByOne = suspect !== undefined;
      if (suspect !== undefined) {
        this.#alone = this.#handleAlone(suspect, leases).finally(() => {
          this.#alone = undefined;
        });
        await this.#alone;
        continue;
      }
      this.#handled[hand] = this.#handleAll(leases);
      await this.#handled[hand];
    }
  }

  async #handleAlone(suspect: Lease<unknown>, leases: readonly Lease<unknown>[]): Promise<void> {
    const stopKeeping = keepLease(suspect);
    try {
      await this.#giveBack(leases.filter((lease) => lease !== suspect));
      await Promise.allSettled(this.#handled);
    } finally {
      stopKeeping();
    }
    await this.#handleAll([suspect]);
  }

  async #giveBack(leases: readonly Lease<unknown>[]): Promise<void> {
    await Promise.all(leases.map((lease) => settle(() => lease.release(), this.#journal)));
  }

  async #handleAll(leases: readonly Lease<unknown>[]): Promise<void> {
    const settling = new Settling(this.#journal);
    this.#inHand += leases.length;
    // All from now on: while the first is handled the others wait.
    const keeping = leases.map((lease) => keepLease(lease));
    const again = leases.filter(({ deliveries }) => deliveries > 1);
    this.#journal.tally("redelivered", again.length);
    const suspects = again.filter(({ failures }) => failures > 0);
    try {
      this.#journal.taken(leases);
      if (suspects.length > 0) await this.#suspect(suspects, true);
      for (const lease of leases) await this.#one(lease, settling);
      await settling.finished();
    } finally {
      if (suspects.length > 0) await this.#suspect(suspects, false);
      for (const stop of keeping) stop();
      this.#inHand -= leases.length;
    }
  }

  /** Before they are handled: if this worker ends meanwhile, that is known. */
  #suspect(leases: readonly Lease<unknown>[], isInHand: boolean): Promise<void> {
    for (const { sequence, failures } of leases) {
      if (isInHand) this.#suspects.set(sequence, { sequence, failures });
      else this.#suspects.delete(sequence);
    }
    return this.#journal.suspects([...this.#suspects.values()]);
  }

  async #next(): Promise<readonly Lease<unknown>[] | WorkerEnd> {
    const { idleMs } = this.#job;
    for (;;) {
      const batch = this.#isOneByOne ? 1 : this.#job.batch;
      if (this.#stop.aborted) return "stopped";
      try {
        const leases = await this.#consumer.leaseMany(batch, { signal: this.#stop, timeoutMs: idleMs });
        this.#lastItemAt = performance.now();
        return leases.length === 0 ? "done" : leases;
      } catch (error) {
        if (this.#stop.aborted && error === this.#stop.reason) return "stopped";
        if (!isBufferError(error, "WAIT_TIMED_OUT")) throw error;
        // Not idle while another hand of this worker has something to do.
        const quietMs = performance.now() - this.#lastItemAt;
        if (this.#inHand === 0 && quietMs >= (idleMs ?? 0)) return "idle";
      }
    }
  }

  async #one(lease: Lease<unknown>, settling: Settling): Promise<void> {
    let reason: string | undefined;
    if (!this.#stop.aborted) {
      try {
        await this.#inTime(this.#handle(lease.value));
        return settling.ack(lease);
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
    }
    if (this.#stop.aborted) {
      // Told to stop, before the handler or within it: nobody's failure.
      await settle(() => lease.release(), this.#journal);
    } else if (await settle(() => lease.nack({ reason }), this.#journal)) {
      this.#journal.nacked(lease, reason ?? "");
      // Before another has it in hand: if that one ends, it is to be known that this failure was nobody's end.
      if (this.#careful()) void this.#journal.flush();
    }
  }

  /** Rejects if the handler takes longer than the plan allows. It is not ended by that: nobody can. */
  async #inTime(handling: unknown): Promise<void> {
    const { itemTimeoutMs } = this.#job;
    if (itemTimeoutMs === undefined) return void (await handling);
    let timer: NodeJS.Timeout | undefined;
    const overdue = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${itemTimeoutMs} ms`)), itemTimeoutMs);
    });
    try {
      await Promise.race([handling, overdue]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Acks what is done: together, where several items are done within one turn of the event loop. */
class Settling {
  readonly #journal: Journal;
  #done: Lease<unknown>[] = [];
  #soon: NodeJS.Immediate | undefined;
  #acks: Promise<unknown> = Promise.resolve();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  ack(lease: Lease<unknown>): void {
    this.#done.push(lease);
    this.#soon ??= setImmediate(() => this.#flush());
  }

  /** Resolves when all are acked; rejects with a fault of the buffer. */
  async finished(): Promise<void> {
    this.#flush();
    await this.#acks;
  }

  #flush(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    if (this.#done.length === 0) return;
    this.#acks = Promise.all([this.#acks, this.#ackAll(this.#done)]);
    this.#acks.catch(() => {}); // met by `finished`
    this.#done = [];
  }

  async #ackAll(leases: readonly Lease<unknown>[]): Promise<void> {
    const askedAt = now();
    const acked = await Promise.all(leases.map((lease) => settle(() => lease.ack(), this.#journal)));
    const values = leases.filter((_, i) => acked[i]).map((lease) => lease.value);
    await this.#journal.items("consumed", values, askedAt);
  }
}

/** Whether it was settled; counts the two ways in which that is nobody's fault. */
async function settle(settlement: () => Promise<void>, journal: Journal): Promise<boolean> {
  try {
    await untilNotBusy(settlement);
    return true;
  } catch (error) {
    if (isBufferError(error, "LEASE_LOST")) journal.tally("leasesLost");
    else if (isBufferError(error, "OUTCOME_UNKNOWN")) journal.tally("unknown");
    else throw error;
    return false;
  }
}
