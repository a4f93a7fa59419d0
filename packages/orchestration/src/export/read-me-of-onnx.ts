import { classesText } from './classes-text.ts';
import { classifyPage, decodingLines, resizeFunction, resizingText } from './classify-page.ts';
import type { ExportContents } from './description.ts';
import { stackerText } from './read-me.ts';

/** The README.md of an export to ONNX. */
export function readMeOfOnnx(contents: ExportContents): string {
  const { name, classes, resize, student, balancesClasses, integers, ensemble, members } = contents;
  return [
    `# ${name}`,
    '',
    ...classesText(classes),
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
    ...(integers
      ? [
          'The networks compute with 8-bit integers. Set the option `session.x64quantprecision` to 1, as the program below does: on processors',
          'without VNNI, sums could overflow. In Python: `options.add_session_config_entry("session.x64quantprecision", "1")`.',
        ]
      : []),
    '',
    ...resizingText(resize),
    '',
    'In node, with `npm install onnxruntime-node sharp`, as `classify.mjs` in a copy of this folder: `node classify.mjs photo.jpg`',
    '',
    '```js',
    "import { InferenceSession, Tensor } from 'onnxruntime-node';",
    "import sharp from 'sharp';",
    `import { ${resizeFunction(resize)} } from './resize.mjs';`,
    '',
    ...decodingLines(contents, 'process.argv[2]'),
    `const session = await InferenceSession.create('${ensemble.onnx}'${integers ? ", { extra: { session: { x64quantprecision: '1' } } }" : ''});`,
    ...inputLines(contents, 'image'),
    'console.log((await session.run(inputs)).probabilities.data);',
    '```',
    '',
    'In a page: `index.html` in a copy of this folder, with `ort.wasm.bundle.min.mjs` and `ort-wasm-simd-threaded.wasm` from',
    '`node_modules/onnxruntime-web/dist` after `npm install onnxruntime-web`. Any file server serves it; the camera needs `https:` or localhost.',
    '',
    '```html',
    classifyPage(contents, {
      script: [
        "import { InferenceSession, Tensor } from './ort.wasm.bundle.min.mjs';",
        '',
        `const session = await InferenceSession.create('${ensemble.onnx}');`,
        'const probabilitiesOf = async (image) => {',
        ...inputLines(contents, 'image').map((line) => `  ${line}`),
        '  return (await session.run(inputs)).probabilities.data;',
        '};',
      ],
    }),
    '```',
    '',
    '`export.json` is the machine-readable form of this description. A later export replaces this folder only if it has no',
    'other files than those listed there.',
    '',
  ].join('\n');
}

// --- internal ---

/** The lines of a program that make `inputs` of an image, an expression. */
function inputLines({ ensemble, resize }: ExportContents, image: string): string[] {
  const sizes = ensemble.inputs.map(({ name, size }) => `${name}: ${size}`).join(', ');
  return [
    'const inputs = {};',
    `for (const [name, size] of Object.entries({ ${sizes} }))`,
    `  inputs[name] = new Tensor('uint8', ${resizeFunction(resize)}(${image}, size), [1, size, size, 3]);`,
  ];
}
