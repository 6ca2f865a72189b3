// Wants more memory than it may have.
const hoard = [];

export default function greedy() {
  for (;;) hoard.push(new Array(10_000).fill(hoard.length));
}
