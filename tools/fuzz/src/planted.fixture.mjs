// Targets that fail in every way, to test the fuzzer. Their corpus is that of `checksums`.
const target = (name, run) => ({
  name: 'checksums',
  planted: name,
  mutate: (_input, random) => Uint8Array.of((random.next() >>> 0) % 4),
  refusals: ['RefusedError'],
  open: async () => async (input) => {
    // The corpus itself is accepted.
    if (input.length === 1) await run(input[0]);
  },
});

class RefusedError extends Error {
  name = 'RefusedError';
}

let kept = [];
let wasSlow = false;
const all = {
  good: () => {
    throw new RefusedError('no');
  },
  bug: (byte) => {
    if (byte === 3) null.length;
  },
  hang: (byte) => {
    // Blocks like an endless loop, but leaves the processor to other tests.
    if (byte === 3) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  slow: (byte) => {
    if (byte !== 3 || wasSlow) return;
    wasSlow = true;
    const spent = () => process.cpuUsage().user + process.cpuUsage().system;
    for (const end = spent() + 2.2e6; spent() < end; );
  },
  crash: (byte) => {
    if (byte === 3) process.kill(process.pid, 'SIGSEGV');
  },
  memory: (byte) => {
    if (byte === 3 && kept.length === 0) kept = Array.from({ length: 10 }, () => Buffer.alloc(60 * 2 ** 20, 1));
  },
  talkative: () => {
    throw new RefusedError('no'.repeat(1e4));
  },
  other: () => {
    throw 'no error';
  },
};

const { searchParams } = new URL(import.meta.url);
const name = searchParams.get('planted');
export const targets = [target(name, all[name])];
