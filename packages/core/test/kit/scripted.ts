/** Transports that are object literals: a test says what their ports answer, and sees what core asked of them. */

import {
  type BoundedBuffer,
  type BufferCounts,
  type BufferPort,
  type BufferSpec,
  type BufferTransport,
  type ConsumerOptions,
  type ConsumerPort,
  type CreateOptions,
  completeSpec,
  createBuffer,
  INTERFACE_VERSION,
  type Producer,
  type ProducerOptions,
  type ProducerPort,
  type TransportCapabilities,
} from "@sluice/core";

const CAPABILITIES: TransportCapabilities = {
  reach: "process",
  survives: [],
  peak: "exact",
  returned: "in-place",
  fencing: "authority",
  deadLetter: "atomic",
  release: "free",
  putOutcome: "known",
  retryWindowMs: "unbounded",
};

export const NO_COUNTS: BufferCounts = {
  ready: 0,
  leased: 0,
  parked: 0,
  dead: 0,
  discarded: 0,
  produced: 0,
  consumed: 0,
  peak: 0,
  sealed: false,
  waitingProducers: 0,
  waitingConsumers: 0,
};

export interface Script {
  readonly capabilities?: Partial<TransportCapabilities>;
  readonly interfaceVersion?: number;
  readonly create?: BufferTransport["create"];
  readonly open?: BufferTransport["open"];
  readonly port?: Partial<BufferPort>;
  readonly producer?: Partial<ProducerPort>;
  readonly consumer?: Partial<ConsumerPort>;
}

const never = () => {
  throw new Error("not expected to be called");
};

export function scripted(script: Script = {}): BufferTransport {
  const capabilities = { ...CAPABILITIES, ...script.capabilities };
  let spec: BufferSpec = completeSpec({ capacity: 5 }, "json");
  const address = { module: import.meta.url, transport: "scripted", place: null };
  return {
    name: "scripted",
    module: import.meta.url,
    interfaceVersion: script.interfaceVersion ?? INTERFACE_VERSION,
    capabilities,
    create:
      script.create ??
      (async (given) => {
        spec = given;
        return address;
      }),
    open:
      script.open ??
      (async () => ({
        spec,
        capabilities,
        address,
        producer: async () => ({ lastSequence: 0, offer: never, close: () => {}, ...script.producer }),
        consumer: async () => ({ poll: never, settle: never, close: () => {}, ...script.consumer }),
        seal: async () => true,
        counts: () => NO_COUNTS,
        drained: () => true,
        deadLetters: {
          list: async () => [],
          requeue: async () => "missing" as const,
          remove: async () => "missing" as const,
        },
        close: async () => {},
        destroy: async () => {},
        ...script.port,
      })),
  };
}

/** One call of a port, to be answered by the test. */
interface Asked<Args extends unknown[], R> {
  readonly args: Args;
  answer(value: R): void;
  refuse(error: unknown): void;
}

/** A method of a port whose calls wait until the test answers them. */
export interface ByHand<Args extends unknown[], R> {
  readonly method: (...args: Args) => Promise<R>;
  /** All calls so far. */
  readonly calls: Asked<Args, R>[];
  /** The call of this number, from 0, as soon as it is made. */
  call(index: number): Promise<Asked<Args, R>>;
}

export function byHand<Args extends unknown[], R>(): ByHand<Args, R> {
  const calls: Asked<Args, R>[] = [];
  const waiting = new Map<number, (call: Asked<Args, R>) => void>();
  return {
    calls,
    method: (...args) =>
      new Promise<R>((answer, refuse) => {
        const call = { args, answer, refuse };
        waiting.get(calls.length)?.(call);
        calls.push(call);
      }),
    call(index) {
      const call = calls[index];
      if (call !== undefined) return Promise.resolve(call);
      return new Promise((resolve) => waiting.set(index, resolve));
    },
  };
}

export type Offers = ByHand<Parameters<ProducerPort["offer"]>, Awaited<ReturnType<ProducerPort["offer"]>>>;
export type Polls = ByHand<Parameters<ConsumerPort["poll"]>, Awaited<ReturnType<ConsumerPort["poll"]>>>;
type Settles = ByHand<Parameters<ConsumerPort["settle"]>, Awaited<ReturnType<ConsumerPort["settle"]>>>;

/** A producer of JSON values whose offers the test answers. */
export async function producerByHand(
  settings: Partial<CreateOptions> & { readonly script?: Script; readonly options?: ProducerOptions } = {},
): Promise<{ offers: Offers; producer: Producer<unknown>; buffer: BoundedBuffer<unknown> }> {
  const { script, options, ...create } = settings;
  const offers: Offers = byHand();
  const transport = scripted({ ...script, producer: { offer: offers.method, ...script?.producer } });
  const buffer = await createBuffer<unknown>(transport, { capacity: 5, ...create } as { capacity: number });
  return { offers, buffer, producer: await buffer.producer(options) };
}

/** A consumer of JSON values whose polls and settlements the test answers. */
export async function consumerByHand(
  settings: Partial<CreateOptions> & { readonly script?: Script; readonly options?: ConsumerOptions } = {},
) {
  const { script, options, ...create } = settings;
  const polls: Polls = byHand();
  const settles: Settles = byHand();
  const consumer = { poll: polls.method, settle: settles.method, ...script?.consumer };
  const transport = scripted({ ...script, consumer });
  const buffer = await createBuffer<unknown>(transport, { capacity: 5, ...create } as { capacity: number });
  return { polls, settles, buffer, consumer: await buffer.consumer(options) };
}
