import { displayName } from '@chorus/data/display-name';
import type { thumbnailSides } from '@chorus/studio-api/protocol';
import { useState } from 'preact/hooks';
import { thumbnailAddress } from '../server/studio-api.ts';

/** A picture of an image of a data set; a box if it cannot be decoded. */
export function Thumbnail({
  dataSet,
  path,
  isNamed = false,
  side = 160,
}: {
  dataSet: string;
  path: string;
  /** Whether its name stands beside it. */
  isNamed?: boolean;
  side?: (typeof thumbnailSides)[number];
}) {
  const [broken, setBroken] = useState<string>();
  const name = displayName(path.slice(path.lastIndexOf('/') + 1));
  if (broken === path) return <span class="picture missing">{name} cannot be shown</span>;
  return (
    <img
      class="picture"
      src={thumbnailAddress(dataSet, path, side)}
      alt={isNamed ? '' : name}
      title={displayName(path)}
      loading="lazy"
      decoding="async"
      width={side}
      height={side}
      onError={() => setBroken(path)}
    />
  );
}
