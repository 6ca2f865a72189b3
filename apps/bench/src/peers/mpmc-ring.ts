import type { Candidate } from "../candidate.js";
import { nativeProgram } from "./native-program.js";

const mpmcRing: Candidate = nativeProgram({
  name: "mpmc-ring",
  about:
    "the limit: a lock-free ring in shared memory, in C, which spins, from core to core; a kill may stop it for good",
  module: import.meta.url,
  source: new URL("../../src/peers/native/mpmc-ring.c", import.meta.url),
  isPinned: true,
  itemCount: (work) => (work.kind === "round-trip" ? 50_000 : work.itemBytes > 64 ? 2_000_000 : 4_000_000),
});

export default mpmcRing;
