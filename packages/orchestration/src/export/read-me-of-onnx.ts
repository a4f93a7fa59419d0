import type { ExportContents } from './description.ts';
import { stackerText } from './read-me.ts';

/** The README.md of an export to ONNX. */
export function readMeOfOnnx(contents: ExportContents): string {
  const { name, classes, resize, student, balancesClasses, ensemble, members } = contents;
  const sizes = ensemble.inputs.map(({ name: input, size }) => `${input}: ${size}`).join(', ');
  return [
    `# ${name}`,
    '',
    `Classes, in the order of every output: ${classes.map((one) => JSON.stringify(one)).join(', ')}.`,
    '',
    student
      ? `\`${ensemble.onnx}\` is the student, a single model that learned from an ensemble, which is not in this folder.`
      : `\`${ensemble.onnx}\` is the whole ensemble (${stackerText(ensemble)}); \`onnx/members/…\` are its members.`,
    `${student ? 'It' : 'Every model'} takes uint8 images [N, S, S, 3], RGB, and returns \`probabilities\`, float32 [N, ${classes.length}]; each row sums to 1.`,
    'Preprocessing and test-time augmentation are part of the graphs, of opset 17.',
    ...(balancesClasses
      ? ['The probabilities are those for equally frequent classes: in training, every class counted equally.']
      : []),
    `Turn an image upright, convert it to sRGB and resize it, without cropping ("${resize}" in training), to S × S:`,
    student
      ? `S is ${members[0]!.inputSize}.`
      : `${members.map((one) => `${one.inputSize} for ${one.name}`).join(', ')}.`,
    'A file `….onnx.data`, if there is one, belongs beside its `.onnx` file.',
    '',
    'In node, with `npm install onnxruntime-node sharp`, as `classify.mjs` in this folder: `node classify.mjs photo.jpg`',
    '',
    '```js',
    "import { InferenceSession, Tensor } from 'onnxruntime-node';",
    "import sharp from 'sharp';",
    '',
    `const session = await InferenceSession.create('${ensemble.onnx}');`,
    'const inputs = {};',
    `for (const [name, size] of Object.entries({ ${sizes} })) {`,
    "  const image = sharp(process.argv[2]).rotate().removeAlpha().toColorspace('srgb');",
    "  const pixels = await image.resize(size, size, { fit: 'fill', kernel: 'linear' }).raw().toBuffer();",
    "  inputs[name] = new Tensor('uint8', pixels, [1, size, size, 3]);",
    '}',
    'console.log((await session.run(inputs)).probabilities.data);',
    '```',
    '',
    '`export.json` is the machine-readable form of this description. A later export replaces this folder only if it has no',
    'other files than those listed there.',
    '',
  ].join('\n');
}
