/** Said at the start and at the end of a run on generated images or random weights. */
export function demoBox(): string {
  const lines = [
    'This is a demonstration: generated images or random weights stand in,',
    'and the figures say nothing about photographs. For your own pictures:',
    '',
    '  pnpm turbo train -- --data DIR [--weights DIR]',
    '',
    'DIR: images as <split>/<class>/* or <class>/*; keras-applications .h5 files,',
    'which are downloaded where none are named.',
  ];
  const width = Math.max(...lines.map((line) => line.length));
  const edge = (left: string, right: string) => `${left}${'─'.repeat(width + 2)}${right}`;
  return [edge('┌', '┐'), ...lines.map((line) => `│ ${line.padEnd(width)} │`), edge('└', '┘')].join('\n');
}
