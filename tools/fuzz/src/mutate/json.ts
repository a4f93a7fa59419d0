/** Mutations of JSON: of its values, keys and levels, and rarely of its text. */
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { below, pick } from '../random.ts';
import type { Mutate } from '../target.ts';
import { mutateBytes } from './bytes.ts';

/** Mutates JSON; bytes that are not JSON are mutated as bytes. */
export const mutateJson: Mutate = (input, random, others) => {
  let root: Json;
  try {
    root = JSON.parse(Buffer.from(input).toString()) as Json;
  } catch {
    return mutateText(input, random, others);
  }
  if (below(random, 10) === 0) return mutateText(input, random, others);
  for (let count = 1 + below(random, 3); count > 0; count -= 1) root = mutateValue(root, random);
  // JSON.stringify would not write the key of a prototype that was set by assignment; the marker becomes one.
  const text = JSON.stringify(root) ?? 'null';
  return Buffer.from(text.replaceAll(prototypeMarker, '__proto__'));
};

// --- internal ---

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const mutateText = mutateBytes(['{', '}', '[', ']', '"', ',', ':', '\\u0000', '1e999', 'null', '-', '\u00ff']);

const prototypeMarker = '@prototype@';

/** A random value inside, and how to replace or remove it. */
function mutateValue(root: Json, random: RandomGenerator): Json {
  // Walks down a random path, so that values near the root, which mean most, change most often.
  const path: { parent: Json[] | { [key: string]: Json }; key: string }[] = [];
  let value = root;
  while (typeof value === 'object' && value !== null && below(random, 5) > 0) {
    const keys = Object.keys(value);
    if (keys.length === 0) break;
    const key = pick(random, keys);
    path.push({ parent: value, key });
    value = (value as { [key: string]: Json })[key]!;
  }
  const place = path.at(-1);
  const kind = below(random, 10);
  if (place === undefined) return kind === 0 ? strangeValue(root, random) : changeKeys(root, random);
  const parent = place.parent as { [key: string]: Json };
  if (kind < 6) parent[place.key] = strangeValue(value, random);
  else if (kind < 8) parent[place.key] = changeKeys(value, random);
  else if (Array.isArray(place.parent)) place.parent.splice(Number(place.key), 1);
  else delete parent[place.key];
  return root;
}

/** A value in place of another one. */
function strangeValue(value: Json, random: RandomGenerator): Json {
  if (typeof value === 'number' && below(random, 2) === 0)
    return pick(random, [-value, value + 1, value - 1, value * 1e9, value / 3, 0]);
  if (typeof value === 'string' && below(random, 2) === 0)
    return pick(random, [`${value}x`, value.slice(1), value.toUpperCase(), `../${value}`, value.repeat(50)]);
  if (Array.isArray(value) && value.length > 0 && below(random, 2) === 0)
    return Array.from({ length: below(random, 3) === 0 ? 2000 : 3 }, () => pick(random, value));
  const strange: readonly (() => Json)[] = [
    () => pick(random, [0, -1, 1, 0.5, 255, 2 ** 31, 2 ** 31 - 1, 2 ** 53, -(2 ** 53), 1e308, -1e308, 1e-320]),
    () => pick(random, ['', '\u0000', '../../etc/passwd', '/etc/passwd', 'C:\\', '__proto__', 'NaN', '\ud800', '\n']),
    () => 'a'.repeat(10 ** (1 + below(random, 5))),
    () => null,
    () => below(random, 2) === 0,
    () => [],
    () => ({}),
    () => nested(1 + below(random, 3000)),
    () => Array.from({ length: 10 ** (1 + below(random, 4)) }, (_, index) => index),
  ];
  return pick(random, strange)();
}

function nested(depth: number): Json {
  let value: Json = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** Adds a key or an item; a value that has none is replaced. */
function changeKeys(value: Json, random: RandomGenerator): Json {
  if (typeof value !== 'object' || value === null) return strangeValue(value, random);
  if (Array.isArray(value)) return [...value, strangeValue(value.at(-1) ?? null, random)];
  const names = [prototypeMarker, 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'kind', 'x', ''];
  return { ...value, [pick(random, names)]: strangeValue(null, random) };
}
