import { commandName } from './command-name.ts';
/** Printed at the start of a run on generated images or random weights. */
export function demoBox(): string {
  const lines = [
    'This is a demonstration with generated images or random weights:',
    'its figures do not apply to photographs. For your own images:',
    '',
    `  ${commandName} train --data PHOTOS [--weights FOLDER]`,
    '',
    'PHOTOS holds images as <split>/<class>/* or <class>/*. FOLDER holds weight files',
    'of keras-applications; without it, the weights are downloaded.',
  ];
  const width = Math.max(...lines.map((line) => line.length));
  const edge = (left: string, right: string) => `${left}${'─'.repeat(width + 2)}${right}`;
  return [edge('┌', '┐'), ...lines.map((line) => `│ ${line.padEnd(width)} │`), edge('└', '┘')].join('\n');
}
