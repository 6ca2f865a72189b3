/** All that can be measured, in the order of the tables. */

import type { Candidate } from "./candidate.js";
import file from "./ours/file.js";
import fileFlock from "./ours/file-flock.js";
import fileFlockFsync from "./ours/file-flock-fsync.js";
import fileFlockJson from "./ours/file-flock-json.js";
import fileFsync from "./ours/file-fsync.js";
import filePort from "./ours/file-port.js";
import nats from "./ours/nats.js";
import redis from "./ours/redis.js";
import shm from "./ours/shm.js";
import shmJson from "./ours/shm-json.js";
import shmPort from "./ours/shm-port.js";
import shmPortAwaited from "./ours/shm-port-awaited.js";
import zeromq from "./ours/zeromq.js";
import zeromqFsync from "./ours/zeromq-fsync.js";
import zeromqJson from "./ours/zeromq-json.js";
import bullMq from "./peers/bullmq.js";
import ipcAdvanced from "./peers/ipc-advanced.js";
import ipcJson from "./peers/ipc-json.js";
import jetStream from "./peers/jetstream.js";
import jetStreamFile from "./peers/jetstream-file.js";
import jetStreamFsync from "./peers/jetstream-fsync.js";
import lmdb from "./peers/lmdb.js";
import messagePort from "./peers/message-port.js";
import mpmcRing from "./peers/mpmc-ring.js";
import naiveLockfile from "./peers/naive-lockfile.js";
import posixMq from "./peers/posix-mq.js";
import posixMqPinned from "./peers/posix-mq-pinned.js";
import pythonQueue from "./peers/python-queue.js";
import redisLua from "./peers/redis-lua.js";
import redisLuaFsync from "./peers/redis-lua-fsync.js";
import redisStream from "./peers/redis-stream.js";
import redisTokens from "./peers/redis-tokens.js";
import sqlite from "./peers/sqlite.js";
import sqliteFsync from "./peers/sqlite-fsync.js";
import unixSocket from "./peers/unix-socket.js";
import zeromqTcp from "./peers/zeromq-tcp.js";
import zeromqUnbounded from "./peers/zeromq-unbounded.js";

/** Behind locks in files. */
export const inFiles: readonly Candidate[] = [naiveLockfile, file, fileFlock, sqlite, lmdb];

/** Between processes of one host, in memory. */
export const inMemory: readonly Candidate[] = [
  shm,
  shmPort,
  shmPortAwaited,
  zeromqTcp,
  pythonQueue,
  posixMq,
  posixMqPinned,
  ipcJson,
  ipcAdvanced,
  messagePort,
  unixSocket,
  mpmcRing,
];

/** As messages, most through a server. */
export const overMessages: readonly Candidate[] = [
  zeromq,
  redis,
  nats,
  redisLua,
  redisTokens,
  redisStream,
  bullMq,
  jetStream,
  zeromqTcp,
  zeromqUnbounded,
];

/** What outlives a power cut. */
export const durable: readonly Candidate[] = [
  fileFsync,
  fileFlockFsync,
  zeromqFsync,
  redisLuaFsync,
  jetStreamFsync,
  sqliteFsync,
];

/** In a Redis server. */
export const inRedis: readonly Candidate[] = [redis, redisLua, redisTokens, redisStream, bullMq];

/** In a NATS server. */
export const inNats: readonly Candidate[] = [nats, jetStreamFile, jetStream];

/** Ours as their READMEs show them, and some of them with the `json` codec. */
export const ours: readonly Candidate[] = [file, fileFlock, shm, zeromq, redis, nats];
export const withJson: readonly Candidate[] = [fileFlock, fileFlockJson, shm, shmJson, zeromq, zeromqJson];

const barePorts: readonly Candidate[] = [filePort, shmPort, shmPortAwaited];

export const candidates: readonly Candidate[] = [
  ...new Set([...inFiles, filePort, ...durable, ...inMemory, ...overMessages, ...inNats, ...withJson]),
];

/** What one would use, ours and others', nothing synced: no rows that only explain another. */
export const sideBySide: readonly Candidate[] = [
  ...new Set([...ours, ...inFiles, ...inMemory, ...overMessages]),
].filter((candidate) => !barePorts.includes(candidate));
