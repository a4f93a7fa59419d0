import type { Advice } from '@chorus/orchestration';
import { capitalized } from './capitalized.ts';
import { commandName } from './command-name.ts';
import { printable } from './printable.ts';

/**
 * A message, and the option or command that helps: the library does not know the names of either. After a message of several lines, it
 * has a line of its own.
 */
export function withAdvice(message: string, advice: AdviceToPrint | null | undefined): string {
  if (advice === null || advice === undefined) return message;
  const text = printable(advices[advice.code](advice.data ?? {}));
  if (message.includes('\n')) return `${message}\n${capitalized(text)}`;
  return `${message.replace(/\.$/, '')}; ${text}`;
}

// --- internal ---

interface AdviceToPrint {
  code: Advice['code'];
  data?: Advice['data'] | undefined;
}

const advices: Record<Advice['code'], (data: Readonly<Record<string, string>>) => string> = {
  'output-place': () => 'name another place with --out.',
  'disk-space': ({ folder }) =>
    folder === undefined
      ? 'free some, or name another place with --out.'
      : 'free some, or move the run folder to another disk and resume it there.',
  'run-exists': ({ folder }) => `resume it with --resume ${folder}, or name another folder with --out.`,
  'run-edited': () => 'restore it, start a new run, or go on with --force, which the report will say.',
  'run-stopped': ({ folder }) => `resume it with --resume ${folder}`,
  'data-needed': ({ names = '' }) =>
    `name a folder with --data DIR, or ${names
      .split(',')
      .map((name) => `--data ${name}`)
      .join(' or ')}.`,
  'weights-folder': () => 'name another folder with --weights DIR, or --weights imagenet or --weights random.',
  'weights-download': () => 'or name a folder of weight files with --weights DIR, or --weights random.',
  'bfloat16-unavailable': () => 'use --set runtime.precision=auto.',
  'setup-needed': () => `run: ${commandName} setup`,
  'folder-layout': () => 'choose a reading with --layout splits or --layout classes.',
  'time-budget': () => 'name a longer one with --time, or omit it.',
  'evaluate-all': () => 'add --all to evaluate every image in the folder.',
};
