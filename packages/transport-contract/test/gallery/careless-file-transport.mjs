// The file transport, careless in one way each: what the rules of DISK and DURABLE have to find. Child processes load it, so it
// is plain JavaScript. With some faults the bytes of items lie in a file beside the buffer, written without any care; with those of
// DISK-8, and with `careful`, in a file for each item.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { BufferError } from "@sluice/core";
import { fileTransport } from "../../../transport-file/dist/index.js";

/** @typedef {"careful" | "syncs-after-its-answer" | "renames-unsynced" | "syncs-no-directory" | "syncs-data-last"} Lossy */
/** @typedef {Lossy | "none" | "early-answer" | "two-step-create" | "no-checksum" | "swallows-errors" | "no-loop" | "needs-room-to-take" | "forgets-deliveries" | "starts-afresh" | "unchecked-sequence" | "unchecked-dead-letters"} Carelessness */

const OWN_FILES = [
  "careful",
  "syncs-after-its-answer",
  "renames-unsynced",
  "syncs-no-directory",
  "syncs-data-last",
];

function syncPath(path) {
  const fd = openSync(path, "r");
  fsyncSync(fd);
  closeSync(fd);
}

/** @param {{ path: string, fault: Carelessness, claims?: string[] }} options */
export function carelessFileTransport({ path, fault, claims = [] }) {
  const base = fileTransport({ path });
  const capabilities = { ...base.capabilities, survives: ["participant", ...claims] };
  const side = join(dirname(path), "items");
  const usesOwnFiles = OWN_FILES.includes(fault);
  const usesSideFile = ["no-checksum", "swallows-errors", "no-loop"].includes(fault);
  const settings = join(dirname(path), "settings");
  const address = ({ place }, spec = null) => ({
    module: import.meta.url,
    transport: "careless",
    place: { path, fault, claims, inner: place, spec },
  });

  /** Appends the bytes; what is put is where they are. */
  const set = (item) => {
    const at = existsSync(side) ? statSync(side).size : 0;
    try {
      const fd = openSync(side, "a", 0o600);
      let written = 0;
      do written += writeSync(fd, item, written, item.length - written);
      while (written < item.length && fault !== "no-loop");
      fsyncSync(fd);
      closeSync(fd);
    } catch (error) {
      if (fault !== "swallows-errors")
        throw new BufferError("STORAGE_FAILED", String(error), { effect: "none" });
    }
    return Buffer.from(`${at} ${item.length}`);
  };
  const get = (item) => {
    const [at, length] = Buffer.from(item).toString().split(" ").map(Number);
    let bytes = Buffer.alloc(0);
    try {
      bytes = readFileSync(side).subarray(at, at + length);
    } catch {
      // Then it is zeros.
    }
    return Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]);
  };
  /** A file with the bytes; what is put is its name. */
  const setOwn = (item) => {
    const name = `item.${randomBytes(8).toString("hex")}`;
    const own = join(dirname(path), name);
    writeFileSync(`${own}.new`, item, { mode: 0o600 });
    if (fault === "careful" || fault === "syncs-no-directory") syncPath(`${own}.new`);
    renameSync(`${own}.new`, own);
    if (fault === "careful" || fault === "renames-unsynced") syncPath(dirname(path));
    return Buffer.from(name);
  };
  const syncOwn = (names) => {
    for (const name of names) syncPath(join(dirname(path), String(name)));
    syncPath(dirname(path));
  };
  const syncLate = (names) => {
    try {
      syncOwn(names);
    } catch {
      // The buffer was destroyed meanwhile.
    }
  };
  const getOwn = (item) => {
    const own = join(dirname(path), String(Buffer.from(item)));
    return existsSync(own) ? readFileSync(own) : Buffer.alloc(0);
  };
  const itemOf = (item) => {
    if (usesOwnFiles) return getOwn(item);
    return usesSideFile ? get(item) : item;
  };
  const given = (one) => ({
    ...one,
    item: itemOf(one.item),
    ...(fault === "forgets-deliveries" ? { deliveries: 1 } : {}),
  });

  const producerOf = (producer) => {
    let late = Promise.resolve();
    return {
      get lastSequence() {
        return fault === "unchecked-sequence" && existsSync(side)
          ? Number(readFileSync(side, "latin1"))
          : producer.lastSequence;
      },
      async offer(first, items, wait) {
        await late;
        if (usesOwnFiles) {
          const names = items.map((item) => setOwn(item));
          const offered = await producer.offer(first, names, wait);
          if (fault === "syncs-data-last") syncOwn(names);
          if (fault === "syncs-after-its-answer") setTimeout(() => syncLate(names), 2);
          return offered;
        }
        if (fault === "unchecked-sequence") {
          const offered = await producer.offer(first, items, wait);
          if (offered.accepted > 0) writeFileSync(side, String(producer.lastSequence));
          return offered;
        }
        if (fault !== "early-answer")
          return producer.offer(first, usesSideFile ? items.map((item) => set(item)) : items, wait);
        // Says that it is in before it is.
        const kept = items.map((item) => Buffer.from(item));
        late = new Promise((resolve) => setTimeout(resolve, 2)).then(() => producer.offer(first, kept, wait));
        return { accepted: items.length, state: "open" };
      },
      close: () => producer.close(),
    };
  };
  /** A copy of them, which is what is told. */
  const copyDeadLetters = async (port) => {
    const dead = await port.deadLetters.list(100);
    writeFileSync(
      side,
      dead.map(({ sequence, item }) => `${sequence} ${Buffer.from(item).toString("base64")}\n`).join(""),
    );
  };
  const fromCopy = (dead) => {
    const lines = existsSync(side) ? readFileSync(side, "latin1").split("\n") : [];
    const items = new Map(lines.map((line) => line.split(" ")));
    return dead
      .filter(({ sequence }) => items.has(String(sequence)))
      .map((one) => ({ ...one, item: Buffer.from(items.get(String(one.sequence)), "base64") }));
  };
  const consumerOf = (consumer, port) => ({
    async poll(max, wait, lease) {
      if (fault === "needs-room-to-take") {
        try {
          writeFileSync(`${side}.taking`, "x".repeat(100));
          rmSync(`${side}.taking`);
        } catch (cause) {
          throw new BufferError("STORAGE_FULL", String(cause), { effect: "none" });
        }
      }
      const polled = await consumer.poll(max, wait, lease);
      return { ...polled, deliveries: polled.deliveries.map(given) };
    },
    async settle(settlements) {
      const settled = await consumer.settle(settlements);
      if (fault === "unchecked-dead-letters") await copyDeadLetters(port);
      return settled;
    },
    close: () => consumer.close(),
  });

  return {
    ...base,
    name: "careless",
    module: import.meta.url,
    capabilities,
    async create(spec, wishes) {
      // There is a buffer, it says, before there is one.
      if (fault === "two-step-create") {
        if (existsSync(settings)) throw new BufferError("BUFFER_EXISTS", "It has settings");
        writeFileSync(settings, "{}");
      }
      return address(await base.create(spec, wishes), spec);
    },
    async open(at) {
      const port = await base
        .open(at === undefined ? undefined : { ...at, place: at.place.inner })
        .catch(async (error) => {
          if (fault === "starts-afresh" && error.code === "DATA_CORRUPT") {
            rmSync(path, { recursive: true, force: true });
            await base.create(at.place.spec, {});
            return base.open();
          }
          if (fault !== "two-step-create" || !existsSync(settings)) throw error;
          throw new BufferError("DATA_CORRUPT", "It has settings, and nothing else");
        });
      const { list } = port.deadLetters;
      return {
        ...port,
        capabilities,
        address: address(port.address),
        producer: async (id) => producerOf(await port.producer(id)),
        consumer: async () => consumerOf(await port.consumer(), port),
        seal: (options) => port.seal(options),
        counts: () => port.counts(),
        drained: (wait) => port.drained(wait),
        deadLetters: {
          async list(...args) {
            const dead = await Reflect.apply(list, port.deadLetters, args);
            return fault === "unchecked-dead-letters" ? fromCopy(dead) : dead.map(given);
          },
          requeue: (sequence) => port.deadLetters.requeue(sequence),
          remove: (sequence) => port.deadLetters.remove(sequence),
        },
        close: () => port.close(),
        async destroy() {
          await port.destroy();
          for (const file of [side, settings]) rmSync(file, { force: true });
          for (const name of readdirSync(dirname(path)))
            if (name.startsWith("item.")) rmSync(join(dirname(path), name), { force: true });
        },
      };
    },
  };
}

/** @public Core imports it, by address. */
export function transportAt({ place }) {
  return carelessFileTransport(place);
}
