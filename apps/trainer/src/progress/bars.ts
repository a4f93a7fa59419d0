import type { RunObserver } from '@chorus/orchestration';
import { type DefaultRenderer, Listr, type ListrTaskWrapper, type SimpleRenderer } from 'listr2';
import { countsLine } from '../print/counts-line.ts';
import { demoBox } from '../print/demo-box.ts';
import { printable } from '../print/printable.ts';
import { datasetLines } from './dataset-lines.ts';
import { downloadLines } from './download-lines.ts';
import { epochLine } from './lines.ts';
import type { Progress } from './progress.ts';
import { continuesText, stageText } from './stage-names.ts';

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;

/** A row of the list; pending until its promise settles. */
interface Row {
  show(text: string): void;
  done(text: string): void;
  failed(reason: string): void;
  /** Ends the row, unless it has ended. */
  skipped(reason: string): void;
}

const barWidth = 20;

/** One live progress bar per task. */
export function barProgress(): Progress {
  const rows = new Map<string, Row>();
  const lastEpoch = new Map<string, string>();
  let list: Promise<unknown> | undefined;

  const row = (name: string) => rows.get(name);
  const observer: Partial<RunObserver> = {
    ...downloadLines((line) => console.log(line)),
    onStart({ demo, devices, lanesReason, folder, tasks }) {
      if (demo) console.log(demoBox());
      console.log(`run folder: ${folder}\nlanes: ${devices.join(', ')} (${lanesReason})`);
      const names = ['images', ...tasks, 'stack and test'];
      list = new Listr(
        names.map((title) => ({ title, task: (_: unknown, task: Task) => waitingRow(title, task, rows) })),
        {
          concurrent: true,
          exitOnError: false,
          rendererOptions: { collapseErrors: false },
          registerSignalListeners: false,
        },
      ).run();
    },
    onDecode: (done, total) => row('images')?.show(`${bar(done / total)} ${done} of ${total}`),
    onCompare: (done, total) => row('images')?.show(`${bar(done / total)} ${done} of ${total} compared`),
    onDataset({ counts, skipped, found }) {
      row('images')?.done(`${countsLine(counts)}${skipped.length > 0 ? `, ${skipped.length} not used` : ''}`);
      for (const line of datasetLines({ skipped, found })) console.log(line);
    },
    onMember(name, state) {
      if (state.state === 'running') row(name)?.show(`on ${state.device}`);
      if (state.state === 'done')
        row(name)?.done(`${state.seconds.toFixed(1)} s on ${state.device}; ${lastEpoch.get(name) ?? ''}`);
      if (state.state === 'kept') row(name)?.done('already trained');
      if (state.state === 'cached') row(name)?.done('read from the cache of earlier runs');
      if (state.state === 'skipped') row(name)?.skipped('another fold of its member failed');
      if (state.state === 'cut') row(name)?.skipped('left out: the time budget has no time for it');
      if (state.state !== 'failed') return;
      row(name)?.failed(printable(state.reason));
      if (state.bug !== null) console.error(state.bug);
    },
    onBatch(name, { stage, epochIndex, stepIndex, stepCount }) {
      const epoch = stage === 'features' ? '' : `, epoch ${epochIndex + 1}`;
      row(name)?.show(`${stageText(stage)}${epoch} ${bar((stepIndex + 1) / stepCount)} ${lastEpoch.get(name) ?? ''}`);
    },
    onEpoch(epoch) {
      lastEpoch.set(epoch.task, epochLine(epoch).slice(epoch.task.length + 2));
    },
    onContinue: (name, place) => console.log(`${name}: ${continuesText(place)}`),
    onWarning: (name, message) => console.log(`${name}: warning: ${printable(message)}`),
    onStacking: (done, total) => row('stack and test')?.show(`stackers ${bar(done / total)} ${done} of ${total}`),
    onChoice: ({ chosen }) => row('stack and test')?.done(`chosen: ${chosen}`),
  };
  return {
    observer,
    note: (text) => console.log(text),
    end() {
      for (const one of rows.values()) one.skipped('not run');
      rows.clear();
      void list;
    },
  };
}

function waitingRow(title: string, task: Task, rows: Map<string, Row>): Promise<void> {
  return new Promise((resolve, reject) => {
    let hasEnded = false;
    rows.set(title, {
      show: (text) => {
        task.title = `${title}  ${text}`;
      },
      done: (text) => {
        hasEnded = true;
        task.title = `${title}  ${text}`;
        resolve();
      },
      failed: (reason) => {
        hasEnded = true;
        reject(new Error(`${title}: ${reason}`));
      },
      skipped: (reason) => {
        if (hasEnded) return;
        hasEnded = true;
        task.skip(`${title}  ${reason}`);
        resolve();
      },
    });
  });
}

function bar(share: number): string {
  const filled = Math.round(share * barWidth);
  return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
}
