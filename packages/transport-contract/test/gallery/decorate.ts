// Wraps a transport by composition: what is not named stays as it is.
import type {
  BufferPort,
  BufferSpec,
  BufferTransport,
  BufferWishes,
  ConsumerPort,
  ProducerPort,
  TransportCapabilities,
} from "@sluice/core";
import { memoryTransport } from "../../../transport-memory/dist/index.js";

export interface Decoration {
  readonly capabilities?: Partial<TransportCapabilities>;
  /** Replaces members of the transport, before anything else is laid over it. */
  transport?(base: BufferTransport): Partial<BufferTransport>;
  create?(spec: BufferSpec, wishes: BufferWishes): [BufferSpec, BufferWishes];
  /** Called for each handle; what it gives replaces members of the port. */
  port?(port: BufferPort): Partial<BufferPort>;
  producer?(producer: ProducerPort, port: BufferPort): Partial<ProducerPort>;
  consumer?(consumer: ConsumerPort, port: BufferPort): Partial<ConsumerPort>;
}

/** @param decorate - called for each transport, so that its handles can share what they do wrong. */
export function decorated(decorate: () => Decoration): BufferTransport {
  const own = decorate();
  const over = <T extends object>(object: T, members: Partial<T> | undefined): T => ({
    ...object,
    ...members,
  });
  const memory = memoryTransport();
  const base = over(memory, own.transport?.(memory));
  return {
    ...base,
    capabilities: { ...base.capabilities, ...own.capabilities },
    create: (spec, wishes) => base.create(...(own.create?.(spec, wishes) ?? ([spec, wishes] as const))),
    async open(address) {
      const port = await base.open(address);
      const ports: Partial<BufferPort> = {
        async producer(id) {
          const producer = await port.producer(id);
          return over(producer, own.producer?.(producer, port));
        },
        async consumer() {
          const consumer = await port.consumer();
          return over(consumer, own.consumer?.(consumer, port));
        },
      };
      return over({ ...port, ...ports }, own.port?.(port));
    },
  };
}
