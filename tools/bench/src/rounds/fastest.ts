/** Selects the fastest variant of a peer: each is tried alone before the rounds. */
import { type Contestant, ContestantProcess } from '../contestants/contestant-process.ts';
import { stepsPerRound } from './steps-per-round.ts';

export interface Fastest {
  contestant: Contestant;
  /** Results of the trials as text; empty if there was none. */
  remarks: string[];
}

/**
 * Tries every variant once and selects the fastest. Excludes variants that fail or are not ready in time, with a remark.
 *
 * @param ways at least one variant; a single one is not tried.
 * @throws Error when no variant is left.
 */
export async function fastestOf(
  peer: string,
  ways: readonly Contestant[],
  { roundSeconds, onProgress }: { roundSeconds: number; onProgress(words: string): void },
): Promise<Fastest> {
  const [only, ...others] = ways;
  if (others.length === 0) return { contestant: only!, remarks: [] };
  const trials: { way: Contestant; seconds: number; words: string }[] = [];
  for (const way of ways) {
    onProgress(`trying ${way.name}`);
    trials.push({ way, ...(await trial(way, roundSeconds)) });
  }
  const best = trials.reduce((one, other) => (other.seconds < one.seconds ? other : one));
  const words = `${peer}, tried: ${trials.map((one) => `${one.way.name} ${one.words}`).join('; ')}`;
  if (best.seconds === Number.POSITIVE_INFINITY) throw new Error(words);
  return { contestant: best.way, remarks: [words] };
}

// --- internal ---

/** XLA takes minutes to compile some networks. */
const limitMs = 240_000;

async function trial(way: Contestant, roundSeconds: number): Promise<{ seconds: number; words: string }> {
  const started = new ContestantProcess(way);
  const startedAtMs = Date.now();
  try {
    const prepared = await started.prepare(limitMs);
    const { step } = await started.round(stepsPerRound([prepared], roundSeconds));
    if (step === undefined) throw new Error(`${way.name}: measured no steps`);
    return { seconds: step, words: `${step.toPrecision(3)} s` };
  } catch (error) {
    const words =
      Date.now() - startedAtMs >= limitMs
        ? `was not ready in ${limitMs / 1000} s`
        : `failed (${(error as Error).message.split('\n').at(-1)})`;
    return { seconds: Number.POSITIVE_INFINITY, words };
  } finally {
    await started.close();
  }
}
