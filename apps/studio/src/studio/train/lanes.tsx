import { displayName } from '@chorus/data/display-name';
import { duration } from '@chorus/report/format';
import type { TrainingState } from '@chorus/studio-api/protocol';
import { type Span, Strip } from '../charts/strip.tsx';

/** What each lane did when: its tasks in the colors of their members. */
export function Lanes({ state }: { state: TrainingState }) {
  const { lanes, members, startedAtMs, updatedAtMs, end } = state;
  const seconds = (updatedAtMs - startedAtMs) / 1000;
  const colorOf = (task: string) => members.findIndex(({ tasks }) => tasks.some(({ name }) => name === task));
  return (
    <section class="panel lanes" aria-labelledby="lanes">
      <h2 id="lanes">Lanes</h2>
      <ul>
        {lanes.map(({ device, spans }) => {
          const drawn = spans.map(({ task, fromMs, toMs }): Span => {
            const [from, to] = [(fromMs - startedAtMs) / 1000, ((toMs ?? updatedAtMs) - startedAtMs) / 1000];
            const color = colorOf(task);
            return { from, to, color: color < 0 ? null : color, title: `${displayName(task)}: ${duration(to - from)}` };
          });
          const busy = drawn.reduce((sum, { from, to }) => sum + (to - from), 0);
          const now = spans.at(-1);
          return (
            <li key={device}>
              <span class="device">{device}</span>
              <Strip
                spans={drawn}
                seconds={seconds}
                label={`${device}: worked ${duration(busy)} of ${duration(seconds)}`}
              />
              <span class="hint">{now?.toMs === null ? displayName(now.task) : end === null && 'waiting'}</span>
            </li>
          );
        })}
      </ul>
      <p class="hint">
        From the start {end === null ? 'until now' : 'to the end'}. A lane is one device; where a strip is gray, it
        waited.
      </p>
    </section>
  );
}
