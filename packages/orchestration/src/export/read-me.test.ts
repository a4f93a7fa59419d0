import { expect, it } from 'vitest';
import type { ExportContents } from './description.ts';
import { readMe } from './read-me.ts';

const contents: ExportContents = {
  ...{ format: 'chorus-export', version: 1, name: 'pets', classes: ['cats', 'dogs'], resize: 'pillow' },
  ...{ shrinkOnLoad: false, background: 'white', testTimeAugmentation: true, views: [], student: false },
  ensemble: {
    stacker: 'mean',
    calibration: null,
    inputs: [{ name: 'image', size: 32 }],
    tfjs: 'tfjs/ensemble/model.json',
  },
  members: [{ name: 'slim', inputSize: 32, preprocessing: 'minus-one-to-one', tfjs: 'tfjs/members/slim/model.json' }],
};

it('says whether the probabilities are those for equally frequent classes', () => {
  expect(readMe({ ...contents, balancesClasses: true })).toContain(
    'The probabilities are those for equally frequent classes',
  );
  expect(readMe(contents)).not.toContain('equally frequent');
});

const student: ExportContents = {
  ...contents,
  student: true,
  ensemble: {
    ...{ stacker: 'mean', calibration: null, inputs: [{ name: 'student', size: 32 }] },
    tfjs: 'tfjs/members/student/model.json',
  },
  members: [
    {
      ...{ name: 'student', inputSize: 32, preprocessing: 'minus-one-to-one', tfjs: 'tfjs/members/student/model.json' },
      keras: { application: 'MobileNetV2', arguments: {}, dropout: 0, weights: ['keras/weights/student/1.weights.h5'] },
    },
  ],
};

it('of a student has nothing that only ensembles have', () => {
  const text = readMe(student);
  expect(text).toContain('The model takes float images [N, S, S, 3]');
  expect(text).toContain('S is 32.');
  expect(text).not.toMatch(/every model|several|its members|averages|for student/i);
  expect(text.match(/ensemble/g)).toHaveLength(1);
  expect(text).toContain('a single model that learned from an ensemble, which is not in this folder.');
  // Every path in it is one of the export.
  const paths = text.match(/tfjs\/members[\w/.-]+|tfjs\/ensemble/g);
  expect(paths).toEqual(Array.from({ length: 3 }, () => 'tfjs/members/student/model.json'));
});

it('shows how Keras loads the ensemble, and the student', () => {
  const [member] = student.members;
  expect(readMe({ ...contents, members: [member!] })).toContain(
    'model = load_ensemble()  # or a member: load_member("student")',
  );
  expect(readMe({ ...contents, members: [member!] })).toContain(
    'write the ensemble, or one member if you add its name, as',
  );
  expect(readMe(student)).toContain('model = load_member("student")');
});

it('has several inputs, and mentions several networks of a member, only if there are several', () => {
  expect(readMe(contents)).toContain('const inputs = [32].map(');
  expect(readMe(contents)).not.toMatch(/load_member/);
  const [member] = student.members;
  const weights = ['keras/weights/student/1.weights.h5', 'keras/weights/student/2.weights.h5'];
  const several = readMe({
    ...contents,
    ensemble: { ...contents.ensemble, inputs: [...contents.ensemble.inputs, { name: 'large', size: 64 }] },
    members: [{ ...member!, keras: { ...member!.keras!, weights } }],
  });
  expect(several).toContain('const inputs = [32, 64].map(');
  expect(several).toContain('`load_member` averages their outputs as Chorus does');
});

it.each([
  ['pillow', 'resizeLikePillow', 'Image.BILINEAR'],
  ['antialiased', 'resizeLikePillow', 'Image.BILINEAR'],
  ['opencv', 'resizeLikeOpenCv', 'cv2.resize('],
])('resizes as the method %s does', (resize, inJavaScript, inPython) => {
  const [member] = student.members;
  const text = readMe({ ...contents, resize, members: [member!] });
  expect(new Set(text.match(/resizeLike\w+/g))).toEqual(new Set([inJavaScript]));
  expect(text).toContain(inPython);
  expect(text.includes('an older form of the same filter')).toBe(resize === 'antialiased');
});

it('writes hostile names of classes as literals of a script', () => {
  const [script] = /(?<=<script type="module">).*(?=<\/script>\n```)/s.exec(
    readMe({ ...contents, classes: ['</script><script>alert(1)</script>'] }),
  )!;
  expect(script).not.toContain('</script>');
  expect(script).toContain('const classes = ["\\u003c/script>\\u003cscript>alert(1)\\u003c/script>"];');
});
