import { readFile } from 'node:fs/promises';
import { logitStackerKinds } from '@chorus/models';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { experimentJsonSchema } from './experiment-file.ts';
import { describeFlaws } from './flaws.ts';
import { mobile } from './presets/mobile.ts';
import { choosePreset, choosePresetFor, type PresetName, presets, type Situation } from './presets/presets.ts';
import { mergeLayers, parseAssignment, parseWorkers, resolveExperiment } from './resolve.ts';

describe('resolveExperiment', () => {
  it('fills defaults and lets later layers win', () => {
    const experiment = resolveExperiment(
      mobile,
      { recipe: { batchSize: 16 } },
      { recipe: { head: { epochCount: 3 } }, seed: 7 },
    );
    expect(experiment.recipe.batchSize).toBe(16);
    expect(experiment.recipe.head.epochCount).toBe(3);
    expect(experiment.seed).toBe(7);
    expect(experiment.minMembers).toBe(2);
    expect(experiment.members.map((member) => member.name)).toEqual(['mobilenet-v2', 'mobilenet', 'mobilenet-075']);
  });

  test.each<[string, object, RegExp]>([
    ['an unknown key, with a suggestion', { inputSze: 96 }, /inputSze: unknown key; did you mean "inputSize"\?/],
    [
      'an unknown key deep inside',
      { recipe: { fineTune: { epochs: 3 } } },
      /recipe\.fineTune\.epochs: unknown key; known here: .*epochCount/,
    ],
    [
      'an unknown key in a list',
      { members: [{ ...mobile.members![0], alhpa: 1 }, mobile.members![1]] },
      /members\.0\.alhpa: unknown key; did you mean "alpha"\?/,
    ],
    ['a key of a nested object', { batchSize: 4 }, /^ {2}batchSize: unknown key; did you mean recipe\.batchSize\?$/m],
    [
      'a key of several nested objects',
      { patience: 4 },
      /patience: unknown key; did you mean recipe\.head\.patience or recipe\.fineTune\.patience or /,
    ],
    ['a preset, which is not a key of an experiment', { preset: 'mobile' }, /preset: unknown key; known here: name,/],
    ['NaN', { inputSize: Number.NaN }, /inputSize: .*\(received NaN\)$/m],
    ['a fraction', { inputSize: 1.5 }, /inputSize: expected a whole number from 32 to 1024 \(received 1\.5\)$/m],
    ['a wrong type', { inputSize: 'big' }, /inputSize: expected a whole number from 32 to 1024 \(received "big"\)$/m],
    [
      'a learning rate that is not a number',
      { recipe: { head: { learningRate: Number.NaN } } },
      /recipe\.head\.learningRate/,
    ],
    [
      'an unknown schedule',
      { recipe: { head: { schedule: { kind: 'linear' } } } },
      /recipe\.head\.schedule.*: expected \{ kind: "constant" \}, "cosine", .*\(received/,
    ],
    [
      'a setting of another schedule',
      { recipe: { head: { schedule: { kind: 'exponential', warmUp: 0.1 } } } },
      /recipe\.head\.schedule\.warmUp: unknown key/,
    ],
    [
      'a warm-up that leaves no step after it',
      { recipe: { whole: { schedule: { kind: 'cosine', warmUp: 1 } } } },
      /recipe\.whole\.schedule\.warmUp: .*\(received 1\)/,
    ],
    [
      'momentum for Adam',
      { recipe: { head: { optimizer: { kind: 'adam', momentum: 0.9 } } } },
      /recipe\.head\.optimizer\.momentum: unknown key/,
    ],
    [
      'a clipping norm that is infinite in float32, so that every step would be NaN',
      { recipe: { whole: { clipNorm: 1e300 } } },
      /recipe\.whole\.clipNorm: expected a number from 0\.000001 to 1000000 or null \(received 1e\+300\)/,
    ],
    [
      'a clipping norm that is zero in float32',
      { recipe: { head: { clipNorm: 1e-300 } } },
      /recipe\.head\.clipNorm: expected a number from 0\.000001 to 1000000 or null \(received 1e-300\)/,
    ],
    [
      'a micro-batch larger than the batch',
      { recipe: { batchSize: 16, microBatchSize: 17 } },
      /recipe\.microBatchSize: expected at most 16, the value of batchSize \(received 17\)/,
    ],
    ['an empty batch', { recipe: { batchSize: 0 } }, /recipe\.batchSize/],
    ['a batch of a billion', { recipe: { batchSize: 1e9 } }, /recipe\.batchSize/],
    ['a single member', { members: mobile.members!.slice(0, 1) }, /members: .*2/],
    [
      'a member with the name of a stacker',
      { members: [{ name: 'mean', backbone: 'mobilenet' }, mobile.members![1]] },
      /members\.0\.name: expected another name, because this is a stacker, and both have columns in predictions\.csv \(received "mean"\)/,
    ],
    [
      'two members of the same name',
      { members: [mobile.members![0], mobile.members![0]] },
      /members\.1\.name: expected a name that no other member has \(received "mobilenet-v2"\)/,
    ],
    [
      'the same stacker twice, which would be tested twice',
      { stackers: { kinds: ['mean', 'greedy', 'mean'] } },
      /stackers\.kinds\.2: expected each stacker once \(received "mean"\)/,
    ],
    [
      'only the stacker that some runs leave out',
      { stackers: { kinds: ['features'] } },
      /stackers\.kinds: expected another stacker, such as "mean", beside "features"/,
    ],
    [
      'shares that leave nothing to train on',
      { split: { tune: 0.4, test: 0.2 }, stacking: { kind: 'holdout', fraction: 0.4 } },
      /split: expected tune, test and stacking\.fraction \(0\.4\) to leave at least 5 % for training \(received \{"tune":0\.4,"test":0\.2\}\)/,
    ],
    [
      'an invalid kind of stacking',
      { stacking: { kind: 'bagging' } },
      /stacking.*: expected \{ kind: "holdout", fraction \}, .*\(received/,
    ],
    ['a string instead of a kind of stacking', { stacking: 'kfold' }, /stacking: expected \{ kind: "holdout"/],
    [
      'a misspelled key of stacking',
      { stacking: { kind: 'kfold', fold: 3 } },
      /stacking\.fold: unknown key; did you mean "folds"/,
    ],
    ['a single fold', { stacking: { kind: 'kfold', folds: 1 } }, /stacking\.folds/],
    [
      'a key of another kind of stacking',
      { stacking: { kind: 'kfold', fraction: 0.2 } },
      /stacking\.fraction: unknown key/,
    ],
    ['a key of an earlier version', { mirror: false }, /^ {2}mirror: this key is now called testTimeAugmentation$/m],
    [
      'an unknown kind of test-time augmentation',
      { testTimeAugmentation: 'crops' },
      /testTimeAugmentation: expected true, false, "none", "mirror", "zoom", "scales", "five-crops" or "auto" \(received "crops"\)/,
    ],
    [
      'test-time augmentation without images to choose it by',
      { testTimeAugmentation: 'auto', stacking: { kind: 'training-images' } },
      /testTimeAugmentation: expected another value than "auto", because stacking/,
    ],
    [
      'an inner key of an earlier version',
      { recipe: { flip: false } },
      /^ {2}recipe\.flip: this key is now called recipe\.augmentation; false is "none", true is "flip"$/m,
    ],
    [
      'an unknown augmentation',
      { recipe: { augmentation: 'strong' } },
      /recipe\.augmentation: expected "none", "flip", "light", "medium", "heavy" or an object of settings \(received "strong"\)/,
    ],
    [
      'cached copies that would not differ',
      { recipe: { cachedCopies: 4 } },
      /recipe\.cachedCopies: expected 0 with the augmentation "flip", .*; choose another recipe\.augmentation, such as "light" \(received 4\)/,
    ],
    [
      'gradual unfreezing of some layers only',
      { recipe: { fineTune: { unfreeze: 'gradual', lastLayers: 30 } } },
      /recipe\.fineTune\.unfreeze: expected "at-once", because recipe\.fineTune\.lastLayers is 30 instead of "all" \(received "gradual"\)/,
    ],
    [
      'a choice of views, for which a time budget has no time',
      { timeBudgetSeconds: 600, testTimeAugmentation: 'auto' },
      /testTimeAugmentation: expected another value than "auto" with a time budget, .* \(received "auto"\)/,
    ],
    [
      'gradual unfreezing with a time budget',
      { timeBudgetSeconds: 60, recipe: { fineTune: { unfreeze: 'gradual' } } },
      /recipe\.fineTune\.unfreeze: expected "at-once" with a time budget/,
    ],
    ['a soup of one epoch', { recipe: { fineTune: { soup: 1 } } }, /recipe\.fineTune\.soup/],
    ['an unknown setting of an augmentation', { recipe: { augmentation: { rotate: 5 } } }, /recipe\.augmentation/],
    ['an unknown flaw', { flaws: { rawRgb: true } }, /flaws\.rawRgb: unknown key; did you mean "rawBgr"\?/],
    [
      'an image size that a backbone cannot have',
      { members: [{ name: 'i', backbone: 'inception-v3', inputSize: 74 }, mobile.members![1]] },
      /members\.0\.backbone: Invalid input size 74 for inception-v3; expected 75 to 2048 px\.$/,
    ],
    [
      'a width that a backbone does not have',
      { members: [{ name: 'x', backbone: 'xception', alpha: 0.5 }, mobile.members![1]] },
      /members\.0\.backbone: Invalid alpha 0\.5 for xception; expected one of: 1\./,
    ],
    [
      'an unknown variant',
      { members: [{ name: 'x', backbone: 'mobilenet', variant: 'lite2' }, mobile.members![1]] },
      /members\.0\.backbone: Unknown variant "lite2" of mobilenet; expected one of: 0\.25, 0\.5, 0\.75, 1\./,
    ],
    [
      'a variant of another width than alpha',
      { members: [{ name: 'x', backbone: 'mobilenet', variant: '0.5', alpha: 0.25 }, mobile.members![1]] },
      /members\.0\.backbone: Invalid alpha 0\.25 for variant 0\.5 of mobilenet; expected one of: 0\.5\./,
    ],
    [
      'a decoder that averages pixels, and resizing without antialiasing',
      { data: { shrinkOnLoad: true }, flaws: { aliasedResize: true } },
      /data\.shrinkOnLoad: expected false with flaws\.aliasedResize.* \(received true\)/,
    ],
    ['an invalid color', { data: { background: 'glass' } }, /data\.background: expected a color/],
    ['an invalid device', { workers: [{ device: 'tpu:0' }] }, /workers\.0\.device: expected a device such as "gpu:0"/],
    [
      'a memory limit on a CPU',
      { workers: [{ device: 'cpu:0', memoryLimitMiB: 900 }] },
      /workers\.0\.memoryLimitMiB: expected no limit for cpu:0: only GPUs have one \(received 900\)/,
    ],
    [
      'a pin to a worker that does not exist',
      { workers: [{ device: 'cpu:0' }], members: mobile.members!.map((member) => ({ ...member, worker: 1 })) },
      /members\.0\.worker: expected the index of an entry of workers, 0 to 0 \(received 1\)/,
    ],
    [
      'a member name that is a path',
      { members: [{ ...mobile.members![0], name: '../x' }, mobile.members![1]] },
      /members\.0\.name/,
    ],
    [
      'a minimum above the number of members',
      { minMembers: 4 },
      /minMembers: expected at most 3, the number of members \(received 4\)/,
    ],
    [
      'fewer members than the minimum',
      { minMembers: 3, maxMembers: 2 },
      /maxMembers: expected at least 3, the value of minMembers \(received 2\)/,
    ],
    [
      'limits of members without images to select them on',
      { stacking: { kind: 'training-images' }, maxMegabytes: 20 },
      /maxMegabytes: expected no limit, because stacking of kind "training-images"/,
    ],
    [
      'a calibration without images to fit it on',
      { stacking: { kind: 'training-images' }, calibration: 'vector' },
      /calibration: expected "none" or "auto", because stacking/,
    ],
  ])('refuses %s', (_, layer, message) => {
    expect(() => resolveExperiment(mobile, layer)).toThrow(ConfigError);
    expect(() => resolveExperiment(mobile, layer)).toThrow(message);
  });

  it('43: refuses a device that is named twice', () => {
    const workers = [{ device: 'gpu:0' }, { device: 'gpu:0', memoryLimitMiB: 900 }];
    expect(() => resolveExperiment(mobile, { workers })).toThrow(ConfigError);
    expect(() => resolveExperiment(mobile, { workers })).toThrow(
      /workers\.1\.device: expected a device that no other worker has \(received "gpu:0"\)/,
    );
  });

  it('14: either returns an experiment or throws a ConfigError, for any input', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 3 }), (layer) => {
        try {
          resolveExperiment(mobile, layer);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
        expect(Object.prototype).not.toHaveProperty('polluted');
      }),
    );
  });

  const reserved = ['__proto__', 'constructor', 'prototype'];
  const proto = (value: string) => JSON.parse(`{"__proto__": ${value}}`);
  it.each<[string, object, RegExp]>([
    ...reserved.flatMap((key): [string, object, RegExp][] => [
      [
        `${key} at the top`,
        JSON.parse(`{"${key}": {"seed": 5}}`),
        new RegExp(`  ${key}: unknown key; known here: .*seed`),
      ],
      [
        `${key} below`,
        JSON.parse(`{"recipe": {"head": {"${key}": 1}}}`),
        new RegExp(`recipe\\.head\\.${key}: unknown key`),
      ],
      [`${key} in a list`, JSON.parse(`{"members": [{"${key}": 1}]}`), new RegExp(`members\\.0\\.${key}: unknown key`)],
      [`${key} assigned`, parseAssignment(`recipe={"${key}": 1}`), new RegExp(`recipe\\.${key}: unknown key`)],
    ]),
    ['a prototype with values', { recipe: Object.create({ batchSize: 4 }) }, /recipe: expected plain data/],
    ['a prototype of the experiment', Object.create({ seed: 4 }), /experiment: expected plain data/],
    ['a class', { data: new Map([['source', 'x']]) }, /data: expected plain data/],
    ['a cyclic value', circular(), /expected at most 32 levels/],
    ['10,000 levels', JSON.parse(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`), /a\.a\.a: expected at most 32/],
    ['a big integer', { seed: 5n }, /seed: expected plain data \(received a bigint\)/],
    ['a reserved key with a nested one', proto('{"__proto__": {"polluted": 1}}'), /__proto__: unknown key/],
  ])('20: refuses %s', (_, layer, message) => {
    expect(() => resolveExperiment(mobile, layer)).toThrow(ConfigError);
    expect(() => resolveExperiment(mobile, layer)).toThrow(message);
    expect(() => mergeLayers({}, layer)).toThrow(message);
    expect({}).not.toHaveProperty('polluted');
  });

  it('20: refuses a reserved key at any path, and changes no prototype', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    const path = fc.array(fc.oneof(fc.constantFrom('recipe', 'head', 'data', 'members', 'stacking'), fc.string()), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(path, fc.constantFrom(...reserved), fc.jsonValue({ maxDepth: 2 }), (keys, key, value) => {
        const layer = [...keys, key].reduceRight<unknown>((inner, one) => Object.fromEntries([[one, inner]]), value);
        expect(() => resolveExperiment(mobile, layer as object)).toThrow(ConfigError);
        expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
      }),
    );
  });
});

describe('parseAssignment', () => {
  it.each([
    ['__proto__.x=1', '__proto__: unknown key'],
    ['recipe.__proto__.batchSize=4', 'recipe.__proto__: unknown key; known here: batchSize'],
    ['constructor.x=1', 'constructor: unknown key'],
    ['data.prototype=1', 'data.prototype: unknown key; known here: source'],
    ['constructor.__proto__.x=1', 'constructor: unknown key'],
  ])('refuses the key of %s', (text, message) => {
    expect(() => parseAssignment(text)).toThrow(ConfigError);
    expect(() => parseAssignment(text)).toThrow(message);
  });

  test.each<[string, object]>([
    ['inputSize=128', { inputSize: 128 }],
    ['data.limitPerClass=500', { data: { limitPerClass: 500 } }],
    ['weights=random', { weights: 'random' }],
    ['data.source=a=b', { data: { source: 'a=b' } }],
    ['workers=[{"device":"cpu:1"}]', { workers: [{ device: 'cpu:1' }] }],
  ])('reads %s', (text, layer) => expect(parseAssignment(text)).toEqual(layer));

  test.each(['inputSize', '=3', 'a..b=1', 'members.0.alpha=1'])('refuses %s', (text) =>
    expect(() => parseAssignment(text)).toThrow(ConfigError),
  );
});

describe('parseWorkers', () => {
  it('reads lists and auto', () => {
    expect(parseWorkers('gpu:0, gpu:1')).toEqual([{ device: 'gpu:0' }, { device: 'gpu:1' }]);
    expect(parseWorkers('auto')).toBe('auto');
  });

  test.each(['', 'gpu', 'gpu:0,', 'cpu:-1', 'cpu:100'])('refuses "%s"', (text) =>
    expect(() => parseWorkers(text)).toThrow(`received "${text}"`),
  );
});

describe('a student', () => {
  const kfold = { stacking: { kind: 'kfold' } };

  it('learns from the ensemble alone by default, by the recipe of the members', () => {
    expect(resolveExperiment(mobile).student).toBeNull();
    const { student } = resolveExperiment(mobile, kfold, { student: { backbone: 'mobilenet-v2' } });
    expect(student).toEqual({ backbone: 'mobilenet-v2', alpha: 1, temperature: 2, labelShare: 0 });
  });

  it('may have a recipe, whose other keys are those of the experiment', () => {
    const own = { backbone: 'mobilenet-v2', recipe: { head: { epochCount: 5 }, augmentation: 'light' } };
    const experiment = resolveExperiment(
      mobile,
      kfold,
      { student: own },
      { recipe: { batchSize: 8, fineTune: { lastLayers: 30 } } },
    );
    const { recipe } = experiment;
    const expected = { ...recipe, augmentation: 'light', head: { ...recipe.head, epochCount: 5 } };
    expect(experiment.student!.recipe).toEqual(expected);
    expect(expected.fineTune.lastLayers).toBe(30);
    // A resolved experiment stays as it is.
    expect(resolveExperiment(experiment)).toEqual(experiment);
  });

  test.each<[string, object, RegExp]>([
    [
      'without out-of-fold predictions of all images',
      { stacking: { kind: 'holdout' } },
      /stacking\.kind: expected "kfold" with a student/,
    ],
    ['with an impossible backbone', { student: { backbone: 'xception', alpha: 0.5 } }, /student\.backbone: /],
    [
      'with the name of a member',
      { members: [{ name: 'student', backbone: 'mobilenet' }, mobile.members![0]] },
      /members\.0\.name: expected another name, because this is the name of the student \(received "student"\)/,
    ],
    [
      'with passes larger than batches',
      { student: { recipe: { microBatchSize: 64 } } },
      /student\.recipe\.microBatchSize: expected at most 32/,
    ],
    [
      'with a remedy for classes of unequal size that is not that of the members',
      { student: { recipe: { imbalance: { kind: 'focal', gamma: 1 } } } },
      /student\.recipe\.imbalance: expected "auto", the value of recipe\.imbalance/,
    ],
    [
      'with an unknown key',
      { student: { temprature: 2 } },
      /student\.temprature: unknown key; did you mean "temperature"\?/,
    ],
  ])('is refused %s', (_, layer, message) => {
    const resolving = () => resolveExperiment(mobile, kfold, { student: { backbone: 'mobilenet-v2' } }, layer);
    expect(resolving).toThrow(ConfigError);
    expect(resolving).toThrow(message);
  });
});

it('lets a layer change the kind of stacking, which discards the keys of the earlier kind', () => {
  const below = { ...mobile, stacking: { kind: 'holdout', fraction: 0.2 } };
  expect(resolveExperiment(below, { stacking: { kind: 'kfold' } }).stacking).toEqual({
    kind: 'kfold',
    folds: 5,
    members: 'refit',
  });
  expect(resolveExperiment(below, { stacking: { kind: 'holdout' } }).stacking).toEqual({
    kind: 'holdout',
    fraction: 0.2,
  });
  // A layer of several assignments may name the kind last.
  const assignments = mergeLayers(parseAssignment('stacking.folds=3'), parseAssignment('stacking.kind=kfold'));
  expect(resolveExperiment(below, assignments).stacking).toEqual({ kind: 'kfold', folds: 3, members: 'refit' });
});

describe('the default stackers', () => {
  const frozen = { recipe: { fineTune: { lastLayers: 0 } } };
  const kindsOf = (...layers: object[]) => resolveExperiment({ members: mobile.members }, ...layers).stackers.kinds;

  it('read features where backbones stay frozen', () => {
    expect(kindsOf(frozen)).toEqual([...logitStackerKinds, 'features']);
    expect(kindsOf(frozen, { stackers: { dense: { epochCount: 3 } } })).toContain('features');
  });

  it.each([
    ['are fine-tuned', [{}]],
    ['are fine-tuned by a later layer', [frozen, { recipe: { fineTune: { lastLayers: 30 } } }]],
    ['have random weights', [frozen, { weights: 'random' }]],
    ['are trained from the first step', [frozen, { flaws: { wholeFromStart: true } }]],
  ])('do not where backbones %s', (_, layers) => {
    expect(kindsOf(...layers)).toEqual(logitStackerKinds);
  });

  it('are those that are named', () => {
    expect(kindsOf(frozen, { stackers: { kinds: ['mean'] } })).toEqual(['mean']);
    expect(() => kindsOf(frozen, { stackers: 'mean' })).toThrow(/stackers: expected/);
  });
});

describe('presets', () => {
  const everything = async () => true;
  const situation: Situation = {
    ...{ dataNamed: true, weightsNamed: true, fromScratch: false, gpuCount: 0 },
    hasWeightsFor: everything,
  };

  test.each(Object.keys(presets) as PresetName[])('%s is a complete experiment; only article has flaws', (name) => {
    const flaws = describeFlaws(resolveExperiment(presets[name].experiment));
    expect(flaws.map((flaw) => flaw.name)).toHaveLength(name === 'article' ? 8 : 0);
  });

  const onlyMobileNets = async (name: PresetName) => name === 'mobile';
  const allBut = (missing: PresetName) => async (name: PresetName) => name !== missing;
  test.each<[string, Partial<Situation>, PresetName]>([
    ['no data and no weights are given', { dataNamed: false, weightsNamed: false }, 'demo'],
    ['there is no GPU', {}, 'cpu'],
    ['there is a GPU, since full is not measured', { gpuCount: 1 }, 'cpu'],
    ['there is a GPU, and no weights for full', { gpuCount: 1, hasWeightsFor: allBut('full') }, 'cpu'],
    ['there is a GPU, and no weights for cpu', { gpuCount: 1, hasWeightsFor: allBut('cpu') }, 'full'],
    ['there is no GPU, and there are no weights for cpu', { hasWeightsFor: allBut('cpu') }, 'mobile'],
    ['the weights are random', { fromScratch: true, gpuCount: 1 }, 'scratch'],
    ['only data is given', { weightsNamed: false }, 'cpu'],
    ['the weights are for MobileNets only', { hasWeightsFor: onlyMobileNets }, 'mobile'],
    [
      'the weights are those of MobileNets, and there is a GPU',
      { hasWeightsFor: onlyMobileNets, gpuCount: 2 },
      'mobile',
    ],
    [
      'there are no weights, so that the error names those of the preferred preset',
      { hasWeightsFor: async () => false },
      'cpu',
    ],
  ])('auto, when %s', async (_, changes, expected) => {
    expect((await choosePresetFor({ ...situation, ...changes })).name).toBe(expected);
  });

  it('suggests or lists presets for an unknown name', () => {
    expect(() => choosePreset('huge')).toThrow('expected one of: article, full, cpu, mobile, scratch, demo.');
    expect(() => choosePreset('sound')).toThrow('The preset "sound" is now called "full".');
    expect(() => choosePreset('artcle')).toThrow('Unknown preset "artcle"; did you mean article?');
  });
});

it('experiment.schema.json is up to date', async () => {
  const committed = JSON.parse(await readFile(new URL('../../experiment.schema.json', import.meta.url), 'utf8'));
  expect(committed).toEqual(JSON.parse(JSON.stringify(experimentJsonSchema())));
});

it('every key of the JSON schema has a description', () => {
  type Node = { description?: string; properties?: Record<string, Node>; items?: Node; anyOf?: Node[]; oneOf?: Node[] };
  const undescribed: string[] = [];
  let count = 0;
  const walk = (node: Node, path: string): void => {
    for (const [key, inner] of Object.entries(node.properties ?? {})) {
      count += 1;
      if (!/^[A-Z].*[.…]$/s.test(inner.description ?? '')) undescribed.push(`${path}${key}`);
      walk(inner, `${path}${key}.`);
    }
    for (const inner of [node.items, ...(node.anyOf ?? []), ...(node.oneOf ?? [])]) if (inner) walk(inner, path);
  };
  walk(experimentJsonSchema() as Node, '');
  expect(undescribed).toEqual([]);
  expect(count).toBeGreaterThan(60);
});

function circular(): object {
  const data: Record<string, unknown> = {};
  data.data = data;
  return { data };
}
