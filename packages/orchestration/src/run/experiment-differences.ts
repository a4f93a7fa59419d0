/** In which keys experiments differ. */
import { isDeepStrictEqual } from 'node:util';
import { studentDefaults } from '../experiment/student.ts';

/** A key, such as `recipe.batchSize`, with one value or undefined per experiment. */
export interface KeyDifference {
  key: string;
  values: unknown[];
}

/**
 * Compares experiments, of any version, key by key. An array is a single value.
 *
 * A student's recipe is compared as it applies: what it does not set is that of the experiment. Keys of the student that only repeat
 * the experiment's recipe or, if an experiment has no student, the defaults are left out.
 */
export function experimentDifferences(experiments: readonly object[]): KeyDifference[] {
  const all = experiments.map(keysOf);
  const isOwn = (key: string) =>
    !key.startsWith(recipeOfStudent) ||
    all.some((keys) => keys.has(key) && !isDeepStrictEqual(keys.get(key), keys.get(key.slice('student.'.length))));
  const isTold = (key: string, values: readonly unknown[]) =>
    !Object.hasOwn(defaults, key) ||
    !all.some((keys) => !keys.has('student.backbone')) ||
    values.some((value) => value !== undefined && !isDeepStrictEqual(value, defaults[key]));
  return [...new Set(all.flatMap((keys) => [...keys.keys()]))]
    .filter(isOwn)
    .map((key) => ({ key, values: all.map((keys) => keys.get(key)) }))
    .filter(({ key, values }) => values.some((value) => !isDeepStrictEqual(value, values[0])) && isTold(key, values));
}

// --- internal ---

const recipeOfStudent = 'student.recipe.';
const defaults: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.entries(studentDefaults).map(([key, value]) => [`student.${key}`, value]),
);

/** Values by their dotted key; `student: null` is no key. */
function keysOf(experiment: object): Map<string, unknown> {
  const { student, recipe, ...rest } = experiment as { student?: unknown; recipe?: unknown };
  const ofRecipe = flatten(recipe ?? {}, 'recipe.');
  if (!isObject(student)) return new Map([...flatten(rest), ...ofRecipe]);
  const { recipe: own, ...others } = student;
  const inherited = [...ofRecipe].map(([key, value]) => [`student.${key}`, value] as const);
  return new Map([
    ...flatten(rest),
    ...ofRecipe,
    ...flatten(others, 'student.'),
    ...(isObject(own) ? flatten(own, recipeOfStudent) : inherited),
  ]);
}

function flatten(value: object, path = ''): Map<string, unknown> {
  return new Map(
    Object.entries(value).flatMap(([key, inner]) =>
      isObject(inner) ? [...flatten(inner, `${path}${key}.`)] : [[`${path}${key}`, inner] as const],
    ),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
