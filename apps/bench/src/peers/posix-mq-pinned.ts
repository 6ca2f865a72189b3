import type { Candidate } from "../candidate.js";
import { nativeProgram } from "./native-program.js";
import { itemCount, unsuited } from "./posix-mq-limits.js";

const posixMqPinned: Candidate = nativeProgram({
  name: "posix-mq-pinned",
  about: "the same with producer and consumer on different cores",
  module: import.meta.url,
  source: new URL("../../src/peers/native/posix-mq.c", import.meta.url),
  isPinned: true,
  itemCount,
  unsuited,
});

export default posixMqPinned;
