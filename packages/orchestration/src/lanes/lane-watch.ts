import { performance } from 'node:perf_hooks';
import type { Heartbeat } from '../supervise/heartbeat.ts';
import { checkIntervalMs, Watchdog } from '../supervise/watchdog.ts';
import type { LaneProcess } from './lane-process.ts';

/** Watches a lane process during a task, and kills it when it hangs. */
export class LaneWatch {
  readonly #watchdog = new Watchdog(performance.now());
  readonly #checking: NodeJS.Timeout;
  #isHung = false;

  /**
   * @param watchdogSeconds seconds without progress after which it is hung; 0 for never.
   * @param lane what it does.
   */
  constructor(process: LaneProcess, watchdogSeconds: number, lane: () => Heartbeat['lanes'][number]) {
    const check = () => {
      const nowMs = performance.now();
      const { heapShare } = process;
      this.#watchdog.beat({ kind: 'heartbeat', watchdogSeconds, heapShare, lanes: [lane()] }, nowMs);
      if (this.#isHung || this.#watchdog.check(nowMs) === undefined) return;
      this.#isHung = true;
      process.kill().catch(() => {});
    };
    check();
    this.#checking = setInterval(check, checkIntervalMs);
  }

  /** Whether it was killed. */
  get isHung(): boolean {
    return this.#isHung;
  }

  get secondsSinceProgress(): number {
    return this.#watchdog.secondsSinceProgress(0, performance.now());
  }

  end(): void {
    clearInterval(this.#checking);
  }
}
