/** Names of earlier versions, for messages: whoever still uses one is told the new one. */

/** Keys of an experiment by their earlier path. */
const renamedKeys: Readonly<Record<string, string>> = {
  mirror: 'testTimeAugmentation',
};

/** Presets by their earlier name. */
const renamedPresets: Readonly<Record<string, string>> = {
  sound: 'full',
};

/** The present path of a key that an earlier version had under another name. */
export function renamedKey(path: string): string | undefined {
  return Object.hasOwn(renamedKeys, path) ? renamedKeys[path] : undefined;
}

/** The present name of a preset that an earlier version had under another name. */
export function renamedPreset(name: string): string | undefined {
  return Object.hasOwn(renamedPresets, name) ? renamedPresets[name] : undefined;
}
