import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import tf from '@chorus/tfjs';
import { describe, expect, it } from 'vitest';
import { vendoredFolder } from './native/vendored.ts';
import { useNativeBackend } from './native-backend.fixture.ts';
import { substitutes } from './tfjs-node.ts';

const warnings: string[] = [];
process.on('warning', ({ message }) => warnings.push(message));

const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  dependencies: Record<string, string>;
};
const sources = readdirSync(vendoredFolder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.js'))
  .map((name) => ({ name, text: readFileSync(join(vendoredFolder, name), 'utf8') }));

/** Functions of node:util that a supported version of node lacks or deprecates. */
const removedFromUtil =
  /\butil(_\d)?\.(isArray|isBoolean|isBuffer|isDate|isError|isFunction|isNull|isNullOrUndefined|isNumber|isObject|isPrimitive|isRegExp|isString|isSymbol|isUndefined|_extend|log)\b/;

describe('the JavaScript of tfjs-node-gpu', () => {
  it('requires only built-in modules, dependencies of this package, and substitutes', () => {
    expect(sources.length).toBeGreaterThan(150);
    for (const { name, text } of sources)
      for (const [, module] of text.matchAll(/\brequire\(['"]([^.'"][^'"]*)['"]\)/g))
        expect([...builtinModules, ...Object.keys(dependencies), ...Object.keys(substitutes[name] ?? {})]).toContain(
          module,
        );
  });

  it('uses functions that newer versions of node lack only in files with a substitute', () => {
    const users = sources
      .filter(({ name, text }) => removedFromUtil.test(text.replaceAll('tf.util', '')) && name.startsWith('dist/'))
      .filter(({ text }) => /require\(['"]util['"]\)/.test(text))
      .map(({ name }) => name);
    const substituted = Object.keys(substitutes).filter((name) => 'util' in substitutes[name]!);
    expect(users.toSorted()).toEqual(substituted.toSorted());
  });

  it('computes with each substitute without a warning from node', async () => {
    useNativeBackend();
    const { values, indices } = tf.topk(tf.tensor1d([1, 3, 2]), 2);
    expect([...values.dataSync()]).toEqual([3, 2]);
    expect([...indices.dataSync()]).toEqual([1, 2]);
    const flipped = tf.image.flipLeftRight(tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]));
    expect([...flipped.dataSync()]).toEqual([2, 1, 4, 3]);
    expect([...tf.addN([tf.scalar(1), tf.scalar(2)]).dataSync()]).toEqual([3]);
    // Warnings are emitted in a later turn.
    await new Promise((done) => setImmediate(done));
    expect(warnings).toEqual([]);
  });
});
