/** The strategy `flock`: commits are appended to a file, under a lock of the kernel's. */

import { randomBytes } from "node:crypto";
import { closeSync, linkSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { MaybePromise } from "@sluice/core";
import { loadNativePort, type NativePort } from "@sluice/native-port";
import { createBells } from "./bells.js";
import { BufferState } from "./buffer-state.js";
import { DIRECTORY_MODE, segmentName } from "./layout.js";
import type { LockStrategy } from "./lock-strategy.js";
import { LockedCommits } from "./locked-commits.js";
import { WORD_BYTES } from "./log-record.js";
import { fillLog, LOG_BYTES, setLogSpaceAside } from "./log-space.js";
import { logPath } from "./open-log-file.js";
import { ownIdentity } from "./process-identity.js";
import { createRecordFile, openToWriteNew, writeNewFile } from "./record-file.js";
import type { SegmentHead } from "./segment.js";
import { takeSnapshot } from "./state-snapshot.js";

let loaded: LockStrategy | undefined;

/** @throws BufferError `CAPABILITY_MISSING`, saying what to do. */
export function flockStrategy(): MaybePromise<LockStrategy> {
  return (
    loaded ??
    loadNativePort().then((port) => {
      loaded ??= strategyOver(port);
      return loaded;
    })
  );
}

function strategyOver(port: NativePort): LockStrategy {
  return {
    createFiles(layout, spec, sync) {
      const segment = join(layout.root, segmentName(0));
      for (const directory of [segment, layout.spare, layout.waiting])
        mkdirSync(directory, { mode: DIRECTORY_MODE });
      closeSync(writeNewFile(layout.lock, new Uint8Array(0)));
      createBells(layout.root);
      const filler = randomBytes(WORD_BYTES);
      const log = {
        ...{ file: 1, filler: filler.toString("hex"), bytes: LOG_BYTES, begin: 0 },
        ...{ isReserve: false, places: [] },
      };
      fillLog(openToWriteNew(logPath(segment, log.file)), log.bytes, filler, Buffer.alloc(0), sync);
      const state = takeSnapshot(new BufferState(spec, layout.faults));
      const { boot } = ownIdentity();
      const head: SegmentHead = { kind: "state", id: layout.id, base: 0, boot, previous: "", state, log };
      const fd = createRecordFile(join(segment, "state"), head);
      sync(fd);
      closeSync(fd);
      linkSync(join(segment, "state"), join(segment, "live"));
      setLogSpaceAside(layout.spare, spec, sync);
      return [segment];
    },
    open: (options) => new LockedCommits(port, options),
  };
}
