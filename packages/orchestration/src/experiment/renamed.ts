/** Names of earlier versions, for messages that give the new name. */

/** The current path of an experiment's key by its earlier path. */
const renamedKeys: Readonly<Record<string, string>> = {
  mirror: 'testTimeAugmentation',
  'recipe.flip': 'recipe.augmentation; false is "none", true is "flip"',
};

/** The current name of a preset by its earlier name. */
const renamedPresets: Readonly<Record<string, string>> = {
  sound: 'full',
};

/** The current path of a renamed key. */
export function renamedKey(path: string): string | undefined {
  return Object.hasOwn(renamedKeys, path) ? renamedKeys[path] : undefined;
}

/** The current name of a renamed preset. */
export function renamedPreset(name: string): string | undefined {
  return Object.hasOwn(renamedPresets, name) ? renamedPresets[name] : undefined;
}
