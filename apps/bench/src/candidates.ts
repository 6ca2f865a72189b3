/** All that can be measured, in the order of the table, and what is measured unless something else is asked for. */

import type { Candidate } from "./candidate.js";
import { ITEM_BYTES_DEFAULT } from "./item.js";
import file from "./ours/file.js";
import fileFlock from "./ours/file-flock.js";
import fileFsync from "./ours/file-fsync.js";
import filePort from "./ours/file-port.js";
import nats from "./ours/nats.js";
import redis from "./ours/redis.js";
import shm from "./ours/shm.js";
import shmPort from "./ours/shm-port.js";
import shmPortAwaited from "./ours/shm-port-awaited.js";
import zeromq from "./ours/zeromq.js";
import ipcAdvanced from "./peers/ipc-advanced.js";
import ipcJson from "./peers/ipc-json.js";
import mpmcRing from "./peers/mpmc-ring.js";
import naiveLockfile from "./peers/naive-lockfile.js";
import natsQueue from "./peers/nats-queue.js";
import posixMq from "./peers/posix-mq.js";
import posixMqPinned from "./peers/posix-mq-pinned.js";
import pythonQueue from "./peers/python-queue.js";
import redisLua from "./peers/redis-lua.js";
import redisTokens from "./peers/redis-tokens.js";
import unixSocket from "./peers/unix-socket.js";
import zeromqTcp from "./peers/zeromq-tcp.js";
import zeromqUnbounded from "./peers/zeromq-unbounded.js";
import type { Ratio } from "./table.js";
import { works } from "./works.js";

// Between processes of one host, in memory.
const inMemory: readonly Candidate[] = [
  shm,
  shmPort,
  shmPortAwaited,
  zeromqTcp,
  pythonQueue,
  posixMq,
  posixMqPinned,
  ipcJson,
  ipcAdvanced,
  unixSocket,
  mpmcRing,
];

// As messages, most through a server.
const overMessages: readonly Candidate[] = [zeromq, redis, redisLua, redisTokens, zeromqTcp, zeromqUnbounded];

export const candidates: readonly Candidate[] = [
  naiveLockfile,
  file,
  fileFlock,
  fileFsync,
  filePort,
  ...inMemory,
  ...overMessages.filter((candidate) => !inMemory.includes(candidate)),
  natsQueue,
  nats,
];

/** What belongs into one table. */
export interface Selection {
  /** For `--set`. */
  readonly name: string;
  readonly candidates: readonly Candidate[];
  /** Names; those of all works where there are none. */
  readonly works?: readonly string[];
  readonly itemBytes: readonly number[];
  readonly ratio: Ratio;
}

export const selections: readonly [Selection, ...Selection[]] = [
  // What needs nothing beyond an install: this one is the default.
  {
    name: "file",
    candidates: [naiveLockfile, file, fileFlock, fileFsync],
    works: ["5-1p1c", "5-2p2c", "1024-1p1c", "1024-2p2c", "round-trip"],
    itemBytes: [ITEM_BYTES_DEFAULT],
    ratio: { kind: "against", name: naiveLockfile.name },
  },
  // Between processes of one host, in memory.
  {
    name: "shm",
    candidates: inMemory,
    works: works.filter(({ outstanding }) => outstanding === 1).map(({ name }) => name),
    itemBytes: [ITEM_BYTES_DEFAULT, 1024],
    ratio: { kind: "lead", name: shm.name },
  },
  // Through another process, as messages.
  {
    name: "zeromq",
    candidates: overMessages,
    itemBytes: [ITEM_BYTES_DEFAULT],
    ratio: { kind: "lead", name: zeromq.name },
  },
  // In a Redis server.
  {
    name: "redis",
    candidates: [redisLua, redis, redisTokens],
    itemBytes: [ITEM_BYTES_DEFAULT],
    ratio: { kind: "against", name: redisLua.name },
  },
  // In a NATS server, with JetStream.
  {
    name: "nats",
    candidates: [natsQueue, nats],
    works: works.filter(({ outstanding }) => outstanding === 1).map(({ name }) => name),
    itemBytes: [ITEM_BYTES_DEFAULT],
    ratio: { kind: "against", name: natsQueue.name },
  },
];
