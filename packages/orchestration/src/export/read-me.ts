import type { ExportContents } from './description.ts';

/** The export's README.md. */
export function readMe({ name, classes, resize, ensemble, members }: ExportContents): string {
  const first = members[0]!;
  const zeros = ensemble.inputs.map(({ size }) => `tf.zeros([1, ${size}, ${size}, 3])`);
  const answer = `model.predict(${zeros.length === 1 ? zeros[0] : `[${zeros.join(', ')}]`})`;
  const keras = [
    'In Python, with Keras 3 (weights of one network a file; `load_member` joins them as the ensemble does):',
    '',
    '```python',
    '# in the folder keras',
    'from members import CLASSES, load_member',
    `model = load_member(${JSON.stringify(first.name)})`,
    'probabilities = model.predict(images)',
    '```',
    '',
  ];
  return `${[
    `# ${name}`,
    '',
    `Classes, in the order of every output: ${classes.map((one) => JSON.stringify(one)).join(', ')}.`,
    '',
    'Every model takes float images [N, S, S, 3], RGB, 0 to 255, and gives probabilities [N, classes] whose rows sum to',
    `1. An image is turned upright, taken to sRGB and resized whole, without a crop ("${resize}" in training), to`,
    `S × S: ${members.map(({ name: member, inputSize }) => `${inputSize} for ${member}`).join(', ')}.`,
    '`export.json` says all this to programs. A later export takes the place of the files that it lists, and refuses where',
    'there are others.',
    '',
    `\`tfjs/ensemble\` is the whole ensemble (${ensemble.stacker}), its inputs ${ensemble.inputs
      .map((input) => `\`${input.name}\``)
      .join(', ')}; \`tfjs/members/…\` are its members.`,
    'In a browser or node, with `@tensorflow/tfjs` 4 alone and the folder behind any file server:',
    '',
    '```js',
    "const model = await tf.loadLayersModel('https://…/tfjs/ensemble/model.json');",
    `const probabilities = ${answer};`,
    '```',
    '',
    ...(first.keras === undefined ? [] : keras),
  ]
    .join('\n')
    .trimEnd()}\n`;
}
