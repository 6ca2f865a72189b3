/** All that is measured, in the order of the table. The first one is what the others' ratios are against. */

import type { Candidate } from "./candidate.js";
import file from "./ours/file.js";
import fileFlock from "./ours/file-flock.js";
import fileFsync from "./ours/file-fsync.js";
import naiveLockfile from "./peers/naive-lockfile.js";

export const candidates: readonly Candidate[] = [naiveLockfile, file, fileFlock, fileFsync];

export const baseline: Candidate = naiveLockfile;
