// Goes on after what an earlier life had put; ends its process with each item of `args.crashAt` in hand, once.
export const resumes = true;

export default async function* resuming({ args, lastSequence }) {
  for (let item = lastSequence + 1; item <= args.items; item++) {
    if (args.crashAt?.includes(item) && lastSequence + 1 !== item) process.kill(process.pid, "SIGKILL");
    yield `${args.prefix}-${item}`;
  }
}
