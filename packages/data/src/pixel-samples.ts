/** Converts the samples that libvips decodes to RGB and optional alpha, on the file's whole canvas. */
import type { ImageLayout } from './image-layout.ts';
import { labToRgb } from './lab.ts';
import { ycbcrToRgb } from './ycbcr.ts';

/** [height, width, channels], 8-bit values. */
export interface Samples {
  data: Uint8Array;
  width: number;
  height: number;
  channels: number;
}

/**
 * Selects colors and opacity from decoded samples.
 *
 * @returns 3 or 4 channels; may share the input's memory.
 */
export function arrangeSamples(samples: Samples, layout: ImageLayout): Samples {
  const { ycbcr, lab, gif, isPremultiplied } = layout;
  const arranged = gif === undefined ? pickAlpha(samples, layout) : placeFrame(samples, gif);
  if (ycbcr !== undefined) ycbcrToRgb(arranged.data, arranged.channels, ycbcr);
  if (lab !== undefined) labToRgb(arranged.data, arranged.channels, lab);
  if (isPremultiplied && arranged.channels === 4) unpremultiply(arranged.data);
  return arranged;
}

// --- internal ---

/** Drops samples that are neither color nor opacity. */
function pickAlpha(samples: Samples, { alpha }: ImageLayout): Samples {
  const { data, width, height, channels } = samples;
  const wanted = alpha === 'none' ? undefined : 3 + (alpha === 'last' ? channels - 4 : alpha);
  const picked = wanted === undefined || (alpha === 'last' && channels === 3) ? 3 : 4;
  if (picked === channels) return samples;
  if (alpha === 'last' || channels < Math.max(3, (wanted ?? 0) + 1))
    throw new Error(`not an accepted image: ${channels} channels; save it as RGB or RGBA`);
  const out = new Uint8Array(width * height * picked);
  for (let from = 0, to = 0; to < out.length; from += channels, to += picked) {
    out[to] = data[from]!;
    out[to + 1] = data[from + 1]!;
    out[to + 2] = data[from + 2]!;
    if (wanted !== undefined) out[to + 3] = data[from + wanted]!;
  }
  return { data: out, width, height, channels: picked };
}

/** Places the first frame on a canvas that is transparent elsewhere. */
function placeFrame(samples: Samples, { width, height, frame }: NonNullable<ImageLayout['gif']>): Samples {
  const { channels } = samples;
  const isCovered = frame.width === width && frame.height === height;
  if (isCovered && samples.width === width && samples.height === height) return samples;
  if (samples.width < frame.left + frame.width || samples.height < frame.top + frame.height || channels < 3)
    throw new Error('damaged: a GIF whose first frame was not decoded');
  const data = new Uint8Array(width * height * 4);
  for (let row = frame.top; row < frame.top + frame.height; row += 1)
    for (let column = frame.left; column < frame.left + frame.width; column += 1) {
      const [from, to] = [(row * samples.width + column) * channels, (row * width + column) * 4];
      for (let channel = 0; channel < 3; channel += 1) data[to + channel] = samples.data[from + channel]!;
      data[to + 3] = channels === 4 ? samples.data[from + 3]! : 255;
    }
  return { data, width, height, channels: 4 };
}

function unpremultiply(data: Uint8Array): void {
  for (let index = 0; index < data.length; index += 4) {
    const alpha = data[index + 3]!;
    if (alpha === 0) continue;
    for (let channel = index; channel < index + 3; channel += 1)
      data[channel] = Math.min(Math.round((data[channel]! * 255) / alpha), 255);
  }
}
