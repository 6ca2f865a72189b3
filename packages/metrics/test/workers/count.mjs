// Produces the numbers up to `args.items`, going on after what an earlier life had put.
export const resumes = true;

export default function* count({ args, lastSequence }) {
  for (let n = lastSequence + 1; n <= args.items; n++) yield n;
}
