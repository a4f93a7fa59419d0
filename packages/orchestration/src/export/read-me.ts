import type { ExportContents } from './description.ts';

/** The export's README.md. */
export function readMe(contents: ExportContents): string {
  const { name, classes, resize, student, balancesClasses, ensemble, members } = contents;
  const first = members[0]!;
  const zeros = ensemble.inputs.map(({ size }) => `tf.zeros([1, ${size}, ${size}, 3])`);
  const answer = `model.predict(${zeros.length === 1 ? zeros[0] : `[${zeros.join(', ')}]`})`;
  const keras = [
    `In Python, with Keras 3${(first.keras?.weights.length ?? 1) === 1 ? '' : ' (one weight file per network; `load_member` averages their outputs as Chorus does)'}:`,
    '',
    '```python',
    '# in the folder keras',
    `from members import CLASSES, ${student ? '' : 'load_ensemble, '}load_member`,
    student
      ? `model = load_member(${JSON.stringify(first.name)})`
      : `model = load_ensemble()  # or a member: load_member(${JSON.stringify(first.name)})`,
    'probabilities = model.predict(images)',
    '```',
    '',
    `For TensorFlow and TensorFlow Lite, write ${student ? 'it' : 'the ensemble, or one member if you add its name,'} as a SavedModel or a \`.tflite\` file:`,
    '',
    '```sh',
    'python keras/members.py savedmodel FOLDER',
    'python keras/members.py tflite FILE.tflite',
    '```',
    '',
  ];
  return `${[
    `# ${name}`,
    '',
    `Classes, in the order of every output: ${classes.map((one) => JSON.stringify(one)).join(', ')}.`,
    '',
    `${student ? 'The' : 'Every'} model takes float images [N, S, S, 3], RGB, 0 to 255, and returns probabilities [N, classes]; each row sums to 1.`,
    ...(balancesClasses
      ? ['The probabilities are those for equally frequent classes: in training, every class counted equally.']
      : []),
    `Turn an image upright, convert it to sRGB and resize it, without cropping ("${resize}" in training), to S × S:`,
    student
      ? `S is ${first.inputSize}.`
      : `${members.map(({ name: member, inputSize }) => `${inputSize} for ${member}`).join(', ')}.`,
    '`export.json` is the machine-readable form of this description. A later export replaces this folder only if it has no',
    'other files than those listed there.',
    '',
    student
      ? `\`${ensemble.tfjs}\` is the student, a single model that learned from an ensemble, which is not in this folder.`
      : `\`tfjs/ensemble\` is the whole ensemble (${stackerText(ensemble)}) with the inputs ${ensemble.inputs
          .map((input) => `\`${input.name}\``)
          .join(', ')}; \`tfjs/members/…\` are its members.`,
    'In a browser or node, with only `@tensorflow/tfjs` 4, and this folder served by any file server:',
    '',
    '```js',
    `const model = await tf.loadLayersModel('https://…/${ensemble.tfjs}');`,
    `const probabilities = ${answer};`,
    '```',
    '',
    zeros.length === 1 ? 'An `<img>` as an input:' : 'An `<img>` as an input; each input needs one of its own size:',
    '',
    '```js',
    `const size = ${ensemble.inputs[0]!.size};`,
    "const pixels = tf.browser.fromPixels(document.querySelector('img'));",
    'const image = tf.image.resizeBilinear(pixels.toFloat(), [size, size]).expandDims(0);',
    '```',
    '',
    '`resizeBilinear` reads only four pixels for each, at any reduction, unlike training. For the resizing of training, and for',
    'files, webcam frames and canvases, use the bundle with `@chorus/predictor`: `docs/predictor.md` of Chorus has a page that',
    'runs as it is.',
    '',
    ...(first.keras === undefined ? [] : keras),
  ]
    .join('\n')
    .trimEnd()}\n`;
}

/** Such as "mean, calibrated by a temperature of 1.21". */
export function stackerText({ stacker, calibration }: ExportContents['ensemble']): string {
  if (calibration === null) return stacker;
  const by =
    calibration.kind === 'temperature'
      ? `a temperature of ${calibration.temperature.toPrecision(3)}`
      : 'a scale and a bias per class';
  return `${stacker}, calibrated by ${by}; the members are not calibrated`;
}
