// The obvious transport over a file: read all, change it, write all. Child processes load it, so it is plain JavaScript.
// With `locked` it takes a turn around that (and trusts everybody to live); without, two processes overwrite each other.
// It has no leases, no retries and no wake-ups: enough for the rules of PROC that need none.
import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { BufferError, INTERFACE_VERSION } from "@sluice/core";

const capabilities = {
  reach: "host",
  survives: [],
  peak: "exact",
  returned: "best-effort",
  fencing: "clock",
  deadLetter: "two-step",
  release: "counts",
  putOutcome: "known",
  retryWindowMs: "unbounded",
};

export function racyFileTransport({ path, locked }) {
  const address = { module: import.meta.url, transport: "racy", place: { path, locked } };
  const fault = (code, message) => new BufferError(code, message, { transport: "racy" });
  const read = () => {
    try {
      return JSON.parse(readFileSync(path, "utf8"));
    } catch (cause) {
      throw fault(
        cause.code === "ENOENT" ? "BUFFER_DESTROYED" : "DATA_CORRUPT",
        `${path} cannot be read: ${cause.message}`,
      );
    }
  };
  const write = (state) => {
    const aside = `${path}.${process.pid}.${Math.random()}`;
    writeFileSync(aside, JSON.stringify(state));
    renameSync(aside, path);
  };
  const turn = async () => {
    for (;;) {
      try {
        return mkdirSync(`${path}.lock`);
      } catch {
        await sleep(1);
      }
    }
  };
  /** Where `locked` is false, others come in between. */
  const change = async (step) => {
    if (locked) await turn();
    try {
      const state = read();
      await sleep(3);
      const answer = step(state);
      write(state);
      return answer;
    } finally {
      if (locked) rmdirSync(`${path}.lock`);
    }
  };
  const within = async (wait, attempt, isOver) => {
    const end = performance.now() + wait.maxMs;
    for (let isFirst = true; ; isFirst = false) {
      const answer = await attempt();
      if (isOver(answer) || wait.signal.aborted || performance.now() >= end) return answer;
      if (isFirst) wait.onWait();
      await sleep(5);
    }
  };

  return {
    name: "racy",
    module: import.meta.url,
    interfaceVersion: INTERFACE_VERSION,
    capabilities,
    async create(spec) {
      write({ spec, ready: [], sequence: 0, produced: 0, consumed: 0, peak: 0, sealed: false });
      return address;
    },
    async open() {
      let spec;
      try {
        spec = read().spec;
      } catch {
        throw fault("BUFFER_NOT_FOUND", `There is no buffer at ${path}`);
      }
      const producer = () => ({
        lastSequence: 0,
        offer: (_first, items, wait) =>
          within(
            wait,
            () =>
              change((state) => {
                if (state.sealed) return { accepted: 0, state: "sealed" };
                const taken = items.slice(0, Math.max(0, spec.capacity - state.ready.length));
                for (const item of taken)
                  state.ready.push({
                    sequence: ++state.sequence,
                    item: Buffer.from(item).toString("base64"),
                  });
                state.produced += taken.length;
                state.peak = Math.max(state.peak, state.ready.length);
                return {
                  accepted: taken.length,
                  ...(taken.length < items.length ? { state: "full", fullBy: "items" } : { state: "open" }),
                };
              }),
            (offered) => offered.accepted > 0 || offered.state === "sealed",
          ),
        close() {},
      });
      const consumer = () => ({
        poll: (max, wait) =>
          within(
            wait,
            () =>
              change((state) => {
                const taken = state.ready.splice(0, max);
                state.consumed += taken.length;
                const deliveries = taken.map(({ sequence, item }) => ({
                  sequence,
                  item: new Uint8Array(Buffer.from(item, "base64")),
                  deliveries: 1,
                  failures: 0,
                }));
                return { deliveries, state: taken.length > 0 ? "open" : state.sealed ? "drained" : "empty" };
              }),
            (polled) => polled.state !== "empty",
          ),
        settle: (settlements) => settlements.map(() => "lost"),
        close() {},
      });
      return {
        spec,
        capabilities,
        address,
        producer: async () => producer(),
        consumer: async () => consumer(),
        seal: () =>
          change((state) => {
            const isFirst = !state.sealed;
            state.sealed = true;
            return isFirst;
          }),
        counts: async () => {
          const { ready, produced, consumed, peak, sealed } = read();
          const none = {
            leased: 0,
            parked: 0,
            dead: 0,
            discarded: 0,
            waitingProducers: 0,
            waitingConsumers: 0,
          };
          return { ready: ready.length, produced, consumed, peak, sealed, ...none };
        },
        drained: (wait) =>
          within(
            wait,
            async () => {
              const { sealed, ready } = read();
              return sealed && ready.length === 0;
            },
            (isDrained) => isDrained,
          ),
        deadLetters: { list: async () => [], requeue: async () => "missing", remove: async () => "missing" },
        async close() {},
        async destroy() {
          rmSync(path, { force: true });
        },
      };
    },
  };
}

/** @public Core imports it, by address. */
export function transportAt({ place }) {
  return racyFileTransport(place);
}
