import { classesText } from './classes-text.ts';
import { classifyPage, decodingLines, resizeFunction, resizingText } from './classify-page.ts';
import type { ExportContents } from './description.ts';

/** The export's README.md. */
export function readMe(contents: ExportContents): string {
  const { name, classes, resize, background, student, balancesClasses, ensemble, members } = contents;
  const first = members[0]!;
  const sizes = ensemble.inputs.map(({ size }) => size).join(', ');
  const keras = [
    `In Python, with Keras 3${resize === 'opencv' ? ', Pillow and OpenCV' : ' and Pillow'}${(first.keras?.weights.length ?? 1) === 1 ? '' : ' (one weight file per network; `load_member` averages their outputs as Chorus does)'}:`,
    '',
    '```python',
    '# python classify.py photo.jpg, in the folder keras of a copy of this folder',
    'import sys',
    ...(resize === 'opencv' ? ['import cv2'] : []),
    'import numpy',
    'from PIL import Image, ImageOps',
    `from members import CLASSES, ${student ? 'load_member' : 'load_ensemble'}`,
    '',
    'image = ImageOps.exif_transpose(Image.open(sys.argv[1]))',
    'if image.mode.startswith("I"):  # 16-bit gray',
    '    image = Image.fromarray((numpy.asarray(image) >> 8).astype("uint8"))',
    'pixels = numpy.asarray(image.convert("RGBA"), "uint32")',
    `alpha, background = pixels[..., 3:], numpy.array([${channelsOf(background).join(', ')}])`,
    'pixels = (pixels[..., :3] * alpha + background * (255 - alpha)) // 255',
    'image = Image.fromarray(pixels.astype("uint8"))',
    `images = [numpy.asarray(${resize === 'opencv' ? 'cv2.resize(numpy.asarray(image), (size, size))' : 'image.resize((size, size), Image.BILINEAR)'}, "float32")[None] for size in [${sizes}]]`,
    student
      ? `model = load_member(${JSON.stringify(first.name)})`
      : `model = load_ensemble()  # or a member: load_member(${JSON.stringify(first.name)})`,
    'print(dict(zip(CLASSES, model.predict(images, verbose=0)[0].tolist())))',
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
    ...classesText(classes),
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
    ...resizingText(resize),
    '',
    'In node, with `npm install @tensorflow/tfjs sharp`, as `classify.mjs` in a copy of this folder, which a file server serves:',
    '`node classify.mjs http://localhost:8000 photo.jpg`',
    '',
    '```js',
    "import * as tf from '@tensorflow/tfjs';",
    "import sharp from 'sharp';",
    `import { ${resizeFunction(resize)} } from './resize.mjs';`,
    '',
    'const [site, photo] = process.argv.slice(2);',
    ...decodingLines(contents, 'photo'),
    `const model = await tf.loadLayersModel(\`\${site}/${ensemble.tfjs}\`);`,
    inputsLine(contents, 'image'),
    'console.log(await model.predict(inputs).data());',
    '```',
    '',
    'In a page: `index.html` in a copy of this folder, with `tf.min.js` from `node_modules/@tensorflow/tfjs/dist`. Any file server',
    'serves it; the camera needs `https:` or localhost.',
    '',
    '```html',
    classifyPage(contents, {
      elements: ['<script src="tf.min.js"></script>'],
      script: [
        '',
        `const model = await tf.loadLayersModel('${ensemble.tfjs}');`,
        'const probabilitiesOf = async (image) => {',
        `  ${inputsLine(contents, 'image')}`,
        '  const output = model.predict(inputs);',
        '  const probabilities = await output.data();',
        '  tf.dispose([...inputs, output]);',
        '  return probabilities;',
        '};',
      ],
    }),
    '```',
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

// --- internal ---

/** Red, green and blue, 0 to 255, of `#rrggbb`. */
function channelsOf(color: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
}

/** The line of a program that makes `inputs` of an image, an expression. */
function inputsLine({ ensemble, resize }: ExportContents, image: string): string {
  const sizes = ensemble.inputs.map(({ size }) => size).join(', ');
  return `const inputs = [${sizes}].map((size) => tf.tensor4d(${resizeFunction(resize)}(${image}, size), [1, size, size, 3], 'float32'));`;
}
