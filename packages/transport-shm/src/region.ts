/** The mapped region: its header, and views of all of it. */

import { fstatSync, readSync, writeSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { crc32 } from "node:zlib";
import { type BufferSpec, completeSpec } from "@sluice/core";
import type { NativePort } from "@sluice/native-port";
import { fault } from "./faults.js";
import { type Geometry, geometryOf, HEADER_BYTES, Word } from "./region-layout.js";

const FORMAT_VERSION = 1;

// "SLUICE" and "shm", read as bytes; the version follows.
const MAGIC = Buffer.from("SLUICEshm\0\0\0");
const VERSION_AT = 12;
const LENGTH_AT = 16;
const SUM_AT = 20;
const TEXT_AT = 24;

/** What a region says of itself. */
export interface RegionHeader {
  readonly id: string;
  /** Which boot of the machine it was made in: it does not outlive that. */
  readonly boot: string;
  readonly spec: BufferSpec;
}

/** Views of one mapping. Whoever keeps one keeps the mapping. */
export interface Region {
  readonly geometry: Geometry;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly floats: Float64Array;
}

/** Writes a new region into an empty file: all of it, so that no page is missing when it is needed. */
export function writeRegion(fd: number, header: RegionHeader): void {
  const geometry = geometryOf(header.spec);
  writeFully(fd, headerBytes(header), 0);
  const start = initialWords(geometry);
  writeFully(fd, Buffer.from(start.buffer), HEADER_BYTES);
  const zeros = Buffer.alloc(Math.min(geometry.regionBytes, 1024 * 1024));
  for (let at = HEADER_BYTES + start.byteLength; at < geometry.regionBytes; at += zeros.length)
    writeFully(fd, zeros.subarray(0, Math.min(zeros.length, geometry.regionBytes - at)), at);
}

/** @throws BufferError `NOT_A_BUFFER`, `VERSION_UNSUPPORTED`, `DATA_CORRUPT`. */
export function readHeader(fd: number, path: string): RegionHeader {
  const bytes = Buffer.alloc(HEADER_BYTES);
  const count = readSync(fd, bytes, 0, HEADER_BYTES, 0);
  if (count < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw fault("NOT_A_BUFFER", `${path} is not a region of Sluice`);
  const version = bytes.readInt32LE(VERSION_AT);
  if (version !== FORMAT_VERSION)
    throw fault("VERSION_UNSUPPORTED", `${path} has format ${version}, this is format ${FORMAT_VERSION}`);
  const length = bytes.readUInt32LE(LENGTH_AT);
  const text = bytes.subarray(TEXT_AT, TEXT_AT + length);
  if (length > HEADER_BYTES - TEXT_AT || crc32(text) !== bytes.readUInt32LE(SUM_AT))
    throw fault("DATA_CORRUPT", `The header of ${path} is damaged`);
  const { header, regionBytes } = parseHeader(text.toString("utf8"), path);
  const { size } = fstatSync(fd);
  if (size !== regionBytes)
    throw fault("DATA_CORRUPT", `${path} has ${size} bytes, its header says ${regionBytes}`);
  return header;
}

export function mapRegion(native: NativePort, fd: number, spec: BufferSpec): Region {
  const geometry = geometryOf(spec);
  const memory = native.map(fd, geometry.regionBytes);
  return {
    geometry,
    words: new Int32Array(memory),
    bytes: new Uint8Array(memory),
    floats: new Float64Array(memory),
  };
}

// Whoever wrote the file also wrote its sum: settings that no creator could have given are not worked with.
function parseHeader(text: string, path: string): { header: RegionHeader; regionBytes: number } {
  try {
    const { id, boot, spec } = JSON.parse(text) as RegionHeader;
    const isText = [id, boot, spec.codec].every((value) => typeof value === "string");
    if (isText && isDeepStrictEqual(spec, completeSpec(spec, spec.codec)))
      return { header: { id, boot, spec }, regionBytes: geometryOf(spec).regionBytes };
  } catch (error) {
    throw fault("DATA_CORRUPT", `The header of ${path} is damaged`, error);
  }
  throw fault("DATA_CORRUPT", `The header of ${path} has settings that no buffer can have`);
}

function headerBytes(header: RegionHeader): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.alloc(HEADER_BYTES);
  if (TEXT_AT + text.length > HEADER_BYTES) throw fault("CAPABILITY_MISSING", "The codec's name is too long");
  MAGIC.copy(bytes);
  bytes.writeInt32LE(FORMAT_VERSION, VERSION_AT);
  bytes.writeUInt32LE(text.length, LENGTH_AT);
  bytes.writeUInt32LE(crc32(text), SUM_AT);
  text.copy(bytes, TEXT_AT);
  return bytes;
}

// All slots and chunks are free; everything else is 0.
function initialWords(geometry: Geometry): Int32Array {
  const skipped = HEADER_BYTES / 4;
  // An even number of words, for there are float64 among them.
  const words = new Int32Array((geometry.links + geometry.chunks - skipped + 1) & ~1);
  for (let slot = 0; slot < geometry.slots; slot++) words[geometry.freeRing + slot - skipped] = slot;
  for (let chunk = 0; chunk + 1 < geometry.chunks; chunk++)
    words[geometry.links + chunk - skipped] = chunk + 1;
  words[Word.chunkTail - skipped] = geometry.chunks - 1;
  words[Word.chunksFreed - skipped] = geometry.chunks - 1;
  new Float64Array(words.buffer)[(Word.nextEnd - skipped) / 2] = Number.POSITIVE_INFINITY;
  return words;
}

function writeFully(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}
