/** What a process and all that it has started use, on Linux. */
import { readdirSync, readFileSync } from 'node:fs';

const sampleIntervalMs = 200;

/** Clock ticks of /proc a second, on every Linux that node runs on. */
const ticksPerSecond = 100;

/** Samples the memory of a process and its descendants until it is ended. */
export class TreeWatch {
  readonly #pid: number;
  readonly #sampling: NodeJS.Timeout;
  readonly #ticksBefore: number;
  #peakBytes = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#ticksBefore = ticksOf(pid);
    this.#sampling = setInterval(() => {
      const bytes = treeOf(pid).reduce((sum, one) => sum + proportionalBytes(one), 0);
      this.#peakBytes = Math.max(this.#peakBytes, bytes);
    }, sampleIntervalMs).unref();
  }

  /**
   * Call it while the process runs, and when its children have ended.
   *
   * @returns the largest sum of their memory, where pages that several processes share count once; and the processor time of all.
   */
  end(): { peakBytes: number; processorSeconds: number } {
    clearInterval(this.#sampling);
    return {
      peakBytes: this.#peakBytes,
      processorSeconds: (ticksOf(this.#pid) - this.#ticksBefore) / ticksPerSecond,
    };
  }
}

// --- internal ---

function treeOf(pid: number): number[] {
  const children = ofRunning(
    () =>
      // Any of its threads may have started one.
      readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
        readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
      ),
    [],
  );
  return [pid, ...children.flatMap(treeOf)];
}

function proportionalBytes(pid: number): number {
  return ofRunning(() => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0) * 1024;
  }, 0);
}

/** Processor time of a process and of its children that have ended. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may have spaces; utime, stime, cutime and cstime are the fields 14 to 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
}

/** A process or thread may end between two reads. */
function ofRunning<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return otherwise;
    throw error;
  }
}
