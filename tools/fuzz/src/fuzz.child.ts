/** Runs a target over one input after another. The parent notices when this process hangs or ends. */

import type { ChildMessage, ChildTask } from './child-protocol.ts';
import { corpusOf, inputOf } from './inputs.ts';
import type { FuzzTarget } from './target.ts';

const maxBytes = 512 * 2 ** 20;
/** Of processor time. */
const maxSeconds = 2;
const maxMessageLength = 10_000;

const task = JSON.parse(process.argv[2]!) as ChildTask;
const { targets } = (await import(task.module)) as { targets: readonly FuzzTarget[] };
const target = targets.find(({ name }) => name === task.target)!;
const corpus = await corpusOf(target.name);
const run = await target.open(task.folder, corpus);
// The corpus is valid, so that mutations reach more than the first check. Afterwards, everything is loaded.
for (const input of corpus) await run(input);
const baselineBytes = peakBytes();
let reportedBytes = baselineBytes + maxBytes;
send({ kind: 'ready' });

const endTime = performance.now() + 1000 * task.seconds;
const end = task.firstIteration + task.maxCount;
const spentAt = task.firstIteration + (target.inputsPerProcess ?? Number.POSITIVE_INFINITY);
let iteration = task.firstIteration;
for (; iteration < Math.min(end, spentAt) && performance.now() < endTime; iteration += 1) {
  const input = inputOf(target, corpus, { seed: task.seed, iteration });
  send({ kind: 'begins', iteration });
  const reason = await failureOf(input);
  if (reason !== undefined) send({ kind: 'failed', iteration, reason });
  send({ kind: 'ready' });
}
send(iteration === spentAt ? { kind: 'spent', nextIteration: iteration } : { kind: 'done' });
process.disconnect();

// --- internal ---

/** Why an input is a finding. */
async function failureOf(input: Uint8Array): Promise<string | undefined> {
  const before = process.cpuUsage();
  try {
    await run(input);
  } catch (error) {
    const failure = failureOfError(error);
    if (failure !== undefined) return failure;
  }
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  if (seconds > maxSeconds) return `took ${seconds.toFixed(1)} s of processor time`;
  const peak = peakBytes();
  if (peak <= reportedBytes) return undefined;
  reportedBytes = peak;
  return `took ${((peak - baselineBytes) / 2 ** 20).toFixed(0)} MiB of memory`;
}

function failureOfError(error: unknown): string | undefined {
  if (!(error instanceof Error)) return `threw ${String(error)}, which is no error`;
  if (!target.refusals.includes(error.name)) return error.stack ?? `${error.name}: ${error.message}`;
  return error.message.length > maxMessageLength
    ? `refused the input by a message of ${error.message.length} characters: ${error.message.slice(0, 200)}`
    : undefined;
}

function send(message: ChildMessage): void {
  process.send!(message);
}

function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}
