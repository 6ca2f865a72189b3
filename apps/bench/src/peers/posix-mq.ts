import type { Candidate } from "../candidate.js";
import { nativeProgram } from "./native-program.js";
import { itemCount, unsuited } from "./posix-mq-limits.js";

const posixMq: Candidate = nativeProgram({
  name: "posix-mq",
  about: "the kernel's message queue, in C, mq_maxmsg the capacity",
  module: import.meta.url,
  source: new URL("../../src/peers/native/posix-mq.c", import.meta.url),

  itemCount,
  unsuited,
});

export default posixMq;
